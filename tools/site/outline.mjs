/** The pages in the order of the side bar. A page of docs/ that is missing here fails the build. */
export const OUTLINE = [
  {
    text: 'Start',
    pages: [
      ['index', 'What do you have?'],
      ['start', 'Quick start'],
      ['concepts', 'Concepts'],
      ['options', 'Options'],
    ],
  },
  {
    text: 'Your application',
    pages: [
      ['passport', 'Passport and sessions'],
      ['tokens', 'Access and refresh tokens'],
      ['stateless', 'Other services, by JWT'],
      ['spa', 'Single-page application'],
      ['fastify', 'Fastify'],
      ['graphql', 'GraphQL'],
      ['transports', 'WebSockets, microservices'],
      ['oidc', 'Single sign-on (OpenID Connect)'],
      ['other-orms', 'Prisma, Drizzle, Mongoose'],
      ['transactions', 'Transactions'],
      ['config', '@nestjs/config'],
      ['throttling', '@nestjs/throttler'],
      ['testing', 'Testing'],
    ],
  },
  {
    text: 'Coming from',
    pages: [
      ['coming-from-better-auth', 'better-auth'],
      ['coming-from-otplib', 'otplib by hand'],
      ['coming-from-django-allauth', 'django-allauth'],
      ['import', 'Importing users'],
    ],
  },
  {
    text: 'Features',
    pages: [
      ['factors', 'Factors: e-mail, SMS, your own'],
      ['webauthn', 'Security keys and passkeys'],
      ['policy', '@RequireMfa() and its answers'],
      ['enforcement', 'Who must have a second factor'],
      ['trusted-browsers', 'Trusted browsers'],
      ['pages', 'Ready-made pages'],
      ['browser', 'Browser client'],
      ['adapter', 'The adapter'],
      ['events', 'Events, audit trail, mails'],
      ['profiles', 'Profiles: aal2, strict, aal3'],
    ],
  },
  {
    text: 'Running it',
    pages: [
      ['storage', 'Tables and secrets'],
      ['origins', 'Origins, proxies, cookies'],
      ['administration', 'Support and administration'],
      ['lost-phone', 'A user has lost their phone'],
      ['lost-secret', 'The secret is lost'],
      ['personal-data', 'Deleting accounts, personal data'],
      ['scale', 'Replicas, clusters, many users'],
      ['performance', 'Performance'],
    ],
  },
  {
    text: 'When something is wrong',
    pages: [
      ['troubleshooting', 'Troubleshooting'],
      ['errors', 'Error codes'],
    ],
  },
  {
    text: 'Reference',
    pages: [
      ['http-api', 'HTTP API'],
      ['openapi', 'OpenAPI'],
      ['api/index', 'Classes and functions'],
      ['architecture', 'Architecture'],
      ['contributing', 'Contributing'],
      ['changelog', 'Changelog'],
    ],
  },
  {
    text: 'Security',
    pages: [
      ['security', 'What is protected against what'],
      ['security/threat-model', 'Threat model'],
      ['security/strength', 'Strength of each way in'],
      ['security/asvs', 'OWASP ASVS 5.0'],
      ['security/nist', 'NIST SP 800-63B-4'],
      ['security/other-standards', 'RFCs, WebAuthn, PCI DSS, PSD2'],
      ['security/supply-chain', 'Supply chain'],
      ['reporting', 'Reporting a weakness'],
    ],
  },
];
