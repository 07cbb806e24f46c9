/**
 * The pages in the order of the sidebar, with the titles used by the menu, links and the pages themselves. The build
 * fails if a page of docs/ is missing here.
 */
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
      ['passport', 'Passport and sessions on the server'],
      ['tokens', 'Access and refresh tokens'],
      ['stateless', 'Other services that see a JWT'],
      ['spa', 'Single-page application on another origin'],
      ['mobile', 'Mobile apps'],
      ['fastify', 'Fastify'],
      ['graphql', 'GraphQL'],
      ['transports', 'WebSockets and microservices'],
      ['oidc', 'Single sign-on with OpenID Connect'],
      ['other-orms', 'Drizzle, Prisma, Mongoose'],
      ['transactions', 'Transactions'],
      ['config', 'Options from @nestjs/config'],
      ['throttling', 'Limits by address, with @nestjs/throttler'],
      ['testing', 'Testing your application'],
    ],
  },
  {
    text: 'Moving here',
    pages: [
      ['coming-from-better-auth', 'Coming from better-auth'],
      ['coming-from-otplib', 'Coming from otplib'],
      ['coming-from-django-allauth', 'Coming from django-allauth'],
      ['import', 'Importing from another system'],
    ],
  },
  {
    text: 'Features',
    pages: [
      ['factors', 'Further factors: e-mail, SMS, your own'],
      ['webauthn', 'Security keys and passkeys'],
      ['policy', 'Asking for a second factor: @RequireMfa()'],
      ['enforcement', 'Who must have a second factor'],
      ['trusted-browsers', 'Trusted browsers'],
      ['pages', 'Ready-made pages'],
      ['browser', 'Browser client'],
      ['adapter', 'The adapter'],
      ['events', 'Events, audit trail, notifications'],
      ['profiles', 'Profiles: aal2, strict, aal3'],
    ],
  },
  {
    text: 'Running it',
    pages: [
      ['production', 'Before you go live'],
      ['monitoring', 'Health, metrics, traces'],
      ['storage', 'Storage: tables and secrets'],
      ['origins', 'Origins, proxies and cookies'],
      ['administration', 'Support and administration'],
      ['impersonation', 'Support that acts for a user'],
      ['lost-phone', 'A user has lost their phone'],
      ['lost-secret', 'When the secret is lost'],
      ['personal-data', 'Deleting an account, personal data'],
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
      ['policy-answers', 'Every answer of @RequireMfa()'],
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
      ['security', 'Security model'],
      ['attacks', 'Attack your own application'],
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

export const TITLES = new Map(OUTLINE.flatMap(({ pages }) => pages));
