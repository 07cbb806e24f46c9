/** Metadata key of `@RequireMfa()`. */
export const REQUIRE_MFA = 'nestjs-mfa:require';

/** Metadata key of `@SkipMfa()`. */
export const SKIP_MFA = 'nestjs-mfa:skip';
