// What the pages take for granted: the reader's application, as far as their code refers to it.
import type { NestExpressApplication } from '@nestjs/platform-express';
import type {
  AuthenticationSession,
  MfaAdminService,
  MfaAuditService,
  MfaModuleOptions,
  MfaPolicyService,
  MfaService,
  MfaUser,
} from 'nestjs-mfa';
import { DefaultMfaAdapter } from 'nestjs-mfa';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { ExtractJwt, Strategy } from 'passport-jwt';

export abstract class UsersService {
  abstract find(id: string): MfaUser | null;
  abstract findActive(id: string): Promise<MfaUser | null>;
  abstract check(email: string, password: string): Promise<MfaUser>;
  abstract insertUnlessTaken(user: { email: string; displayName?: string }): Promise<MfaUser | null>;
  abstract remove(id: string): Promise<void>;
}

export abstract class Mailer {
  abstract send(mail: {
    to: string | null | undefined;
    subject: string;
    text: string;
    html?: string;
  }): Promise<void>;
}

export abstract class Telephony {
  abstract send(number: string, text: string): Promise<void>;
}

export declare class LoginDto {
  email: string;
  password: string;
  next?: string;
}

export declare class PaymentDto {
  amount: number;
}

export abstract class PaymentsService {
  abstract of(userId: string): Promise<object[]>;
  abstract pay(userId: string, order: PaymentDto): Promise<void>;
}

export class UsersModule {}
export class AppModule {}
export class User {}
export class ReportsController {}
export class AppMfaAdapter extends DefaultMfaAdapter {}
export class SupportStaffGuard extends AuthGuard('jwt') {}
export class JwtAuthGuard extends AuthGuard('jwt') {}
export class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({ jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: 'from the environment' });
  }

  validate(claims: { sub: string }): MfaUser {
    return { id: claims.sub };
  }
}

/** Options that a page has shown before, or that don't matter. */
export declare const rest: MfaModuleOptions;
export declare const app: NestExpressApplication;
export declare const request: { user: MfaUser };
export declare const response: object;
export declare const file: NodeJS.ReadableStream & AsyncIterable<Buffer>;
export declare const ada: MfaUser;
export declare const user: MfaUser;
export declare const session: AuthenticationSession;
export declare const id: string;
export declare const userId: string;
export declare const secret: string;
export declare const from: Date;
export declare const to: Date;
export declare const query: { acr_values?: string };
export declare const maxAge: number;
export declare const ownMigrations: string[];
export declare const audit: MfaAuditService;
export declare const policy: MfaPolicyService;
/** Sends JSON to the application under test. */
export declare const post: (path: string, body?: object) => Promise<never>;
/** The responses of an authorization server. */
export declare const issue: (claims: object) => void;
export declare const redirectWith: (error: string) => void;
export declare const stepUp: (owed: object) => void;

export abstract class AppController {
  protected readonly mfa!: MfaService;
  protected readonly admin!: MfaAdminService;
  protected readonly users!: UsersService;
}

export abstract class AppAdapter extends DefaultMfaAdapter {
  protected readonly users!: UsersService;
  protected readonly mailer!: Mailer;
  protected readonly payroll!: readonly string[];
  protected readonly invitations!: { redeem(code: unknown, email: string): Promise<object | null> };
}
