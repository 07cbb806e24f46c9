/** The instructions that the demo prints when it is ready. */
export function howToSignIn(url: string): string {
  const curl = `curl -s -b cookies.txt -c cookies.txt -H 'content-type: application/json'`;
  const credentials = `'{"email":"ada@example.com","password":"correct horse battery"}'`;
  return `
The nestjs-mfa demo answers at ${url}

Open it in a browser: the first page says what to try. Start by creating an account at ${url}/register

Or sign in with curl:
  ${curl} ${url}/auth/register -d ${credentials}
  ${curl} ${url}/auth/login -d ${credentials}
  ${curl} ${url}/me

Then set up an authenticator app with POST ${url}/mfa/totp; the README continues from there.
All routes are documented at ${url}/docs.
`;
}
