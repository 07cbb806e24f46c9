import { messageOf } from '../../core/errors/message-of.js';
import { describeDrift } from './check-database.js';
import type { Finding } from './finding.js';
import { fine, problem } from './finding.js';

/** Milliseconds. */
const PATIENCE = 10_000;

/**
 * Checks how the running site responds at its public address.
 *
 * @param address such as https://app.example.com, including a global prefix if there is one
 * @param path the option `path`
 * @param origins the option `webauthn.origins`
 */
export async function checkAddress(
  address: string,
  path: string,
  origins: readonly string[],
): Promise<Finding[]> {
  const { origin } = new URL(address);
  const route = `${address.replace(/\/$/, '')}/${path}/session`;
  const known =
    origins.length === 0 || origins.includes(origin)
      ? []
      : [
          problem(
            `${origin} is not in \`webauthn.origins\`: keys are refused there`,
            `Add exactly ${origin} to \`webauthn.origins\``,
          ),
        ];
  try {
    // A sign-out as a browser sends it. The site should treat it as same-origin, and find no such session.
    const answer = await fetch(route, {
      method: 'DELETE',
      headers: { origin, cookie: 'mfa_session=none' },
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE),
    });
    const date = Date.parse(answer.headers.get('date') ?? '');
    const drift = Number.isNaN(date) ? [] : [describeDrift(date - Date.now(), origin)];
    return [...known, await describeAnswer(answer, route, origin), ...drift];
  } catch (error) {
    const reason = messageOf(error);
    return [...known, problem(`${route} does not answer: ${reason}`, 'Is the application running there?')];
  }
}

async function describeAnswer(answer: Response, route: string, origin: string): Promise<Finding> {
  const text = await answer.text();
  if (text.includes('"cross_origin"')) {
    return problem(
      `${origin} takes requests from its own pages for cross-site requests`,
      'The proxy changes the Host header: have it forward Host unchanged, or send X-Forwarded-Host and trust it (docs/origins.md)',
    );
  }
  if (answer.status === 204 || text.includes('"code":"')) return fine(`${route} answers as it should`);
  return problem(
    `${route} answers ${answer.status}, which is not how this module answers`,
    'Include the global prefix in --url, and check `path`, `controllers` and what the proxy forwards',
  );
}
