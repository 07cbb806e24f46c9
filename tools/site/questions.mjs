/** What people type into the search of the site, and the page that has to be among its first three answers. */
export const QUESTIONS = [
  ['lost phone', '/lost-phone.html'],
  ['401 after login', '/troubleshooting.html#401-after-login'],
  ['cross_origin', '/errors.html#cross_origin'],
  ['Prisma', '/other-orms.html'],
  ['refresh token', '/tokens.html'],
  ['passkey login', '/webauthn.html'],
  ['delete account', '/personal-data.html'],
  ['GDPR', '/personal-data.html'],
  ['rotate secret', '/storage.html'],
  ['unlock user', '/administration.html'],
  ['supertest', '/testing.html'],
  ['X-Forwarded-For', '/origins.html'],
  ['better-auth', '/coming-from-better-auth.html'],
  ['replicas', '/scale.html'],
  ['incorrect_code', '/errors.html#incorrect_code'],
  ['gracePeriodSeconds', '/options.html'],
];
