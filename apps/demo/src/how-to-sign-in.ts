/** What the demo prints when it is ready. */
export function howToSignIn(url: string): string {
  const curl = `curl -s -b cookies.txt -c cookies.txt -H 'content-type: application/json'`;
  const credentials = `'{"email":"ada@example.com","password":"correct horse battery"}'`;
  return `
The nestjs-mfa demo answers at ${url}

Sign in:
  ${curl} ${url}/auth/register -d ${credentials}
  ${curl} ${url}/auth/login -d ${credentials}
  ${curl} ${url}/me

Or open it in a browser. Then set up an authenticator app with POST ${url}/mfa/totp; the README goes on from there.
`;
}
