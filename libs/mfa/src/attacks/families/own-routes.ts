import { Unclear } from '../scene/outcome.js';
import type { Enrolled, Scene } from '../scene/scene.js';
import { describeAnswer } from '../target/attack-answer.js';
import type { AttackClient } from '../target/attack-client.js';

/** The routes of nestjs-mfa that need a signed-in user. A test compares them with the OpenAPI document. */
export const SIGNED_IN_ROUTES: readonly string[] = [
  'GET /status',
  'GET /authenticators',
  'GET /trusted-devices',
  'GET /sessions',
  'GET /webauthn/signals',
  'GET /recovery-codes',
];

/** The routes that also need a recent second factor from users who have one. */
export const RECENT_ROUTES: readonly string[] = [
  'PATCH /authenticators/{id}',
  'DELETE /authenticators/{id}',
  'POST /authenticators/{id}/resume',
  'DELETE /trusted-devices',
  'DELETE /trusted-devices/{id}',
  'DELETE /sessions',
  'DELETE /sessions/{id}',
  'POST /totp',
  'POST /totp/activate',
  'POST /factors/{type}',
  'POST /factors/{type}/activate',
  'POST /webauthn/options',
  'POST /webauthn',
  'POST /recovery-codes',
];

/** Requires each route to refuse before looking at the body; a route may also not exist. */
export async function mustReachNone(
  scene: Scene,
  routes: readonly string[],
  client: AttackClient,
  { authenticatorId }: Enrolled,
): Promise<void> {
  for (const route of routes) {
    const [method = '', path = ''] = route
      .replace('{id}', authenticatorId)
      .replace('{type}', 'email_code')
      .split(' ');
    const answer = await client.mfa(method, path, method === 'GET' ? undefined : {});
    if ([400, 409, 422].includes(answer.status))
      throw new Unclear(`${route}: ${describeAnswer(answer)}; a guard would have refused it first`);
    scene.mustRefuse(route, answer, [404]);
  }
}
