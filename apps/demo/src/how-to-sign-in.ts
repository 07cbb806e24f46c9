/** The instructions that the demo prints when it is ready. */
export function howToSignIn(url: string): string {
  const curl = `curl -s -b cookies.txt -c cookies.txt -H 'content-type: application/json'`;
  const credentials = `'{"email":"ada@example.com","password":"correct horse battery"}'`;
  return `
The nestjs-mfa demo answers at ${url}

Open it in a browser: its first page says what to try, and begins with an account of your own at ${url}/register

Or sign in with curl:
  ${curl} ${url}/auth/register -d ${credentials}
  ${curl} ${url}/auth/login -d ${credentials}
  ${curl} ${url}/me

Then set up an authenticator app with POST ${url}/mfa/totp; the README goes on from there.
All routes are shown at ${url}/docs.
`;
}
