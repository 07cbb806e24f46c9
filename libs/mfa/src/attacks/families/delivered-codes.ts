import type { AttackFamily } from '../scene/attack.js';
import { NotApplicable, Unclear } from '../scene/outcome.js';
import type { Scene } from '../scene/scene.js';
import { isAccepted } from './counting.js';
import type { AttackClient } from '../target/attack-client.js';

/** Longer than the lifetime of a code, and shorter than that of a sign-in. */
const LATE_SECONDS = 720;
const ELSEWHERE = 'attacker@evil.example';

/** The code in the newest email. */
async function mailedCode(scene: Scene, user: object): Promise<string> {
  const mails = (await scene.target.readMail?.(user)) ?? [];
  const code = mails.map((mail) => /(?<!\d)\d{6,8}(?!\d)/.exec(mail)?.[0]).find((one) => one !== undefined);
  if (code === undefined) throw new Unclear('No mail with a code has come');
  scene.secrets.note(code);
  return code;
}

/** A user whose second factor is a code by email. */
async function withMail(scene: Scene): Promise<{ user: object; client: AttackClient }> {
  const { user, client } = await scene.newcomer();
  const begun = await client.mfa('POST', '/factors/email_code', {});
  if (begun.status === 404) throw new NotApplicable('No codes are sent by mail here');
  scene.control('asking for a first code by mail', begun);
  const code = await mailedCode(scene, user);
  scene.control('setting it up', await client.mfa('POST', '/factors/email_code/activate', { code }));
  return { user, client };
}

const send = (client: AttackClient, body: object = {}) =>
  client.mfa('POST', '/authenticate/email_code/challenge', body);

/** Codes that are sent to the user. */
export const deliveredCodes: AttackFamily = {
  name: 'Codes by mail',
  attacks: [
    {
      id: 'mail-flood',
      title: 'Asking for code after code',
      priority: 'P2',
      gain: 'Whoever has the password floods a mailbox, or makes text messages that cost.',
      mend: 'Limit what is sent to a user in a time.',
      sources: ['CWE-770'],
      classes: [60],
      needs: ['readMail'],
      async run(scene: Scene): Promise<void> {
        const owner = await withMail(scene);
        const half = await scene.half(owner);
        scene.control('asking for a code', await send(half));
        let sent = 1;
        for (; sent < 25; sent += 1) if (!isAccepted(await send(half))) break;
        scene.must(
          sent < 25,
          `after ${sent} codes no further one is sent`,
          `${sent} codes were sent in a row`,
        );
      },
    },
    {
      id: 'code-to-another-address',
      title: 'Another address in the request for a code',
      priority: 'P0',
      gain: 'The code comes to the attacker.',
      mend: 'Take the address from the application’s own record.',
      sources: ['GHSA-qgqp-xh8r-v73r'],
      classes: [23, 60],
      needs: ['readMail'],
      async run(scene: Scene): Promise<void> {
        await withMail(scene);
        const to = { email: ELSEWHERE, to: ELSEWHERE, address: ELSEWHERE, destination: ELSEWHERE };
        const { user, client } = await scene.newcomer();
        const begun = await client.mfa('POST', '/factors/email_code', to);
        if (begun.status === 400) return scene.mustRefuse('another address at set-up', begun);
        scene.control('asking for a first code by mail', begun);
        const mails = (await scene.target.readMail?.(user)) ?? [];
        const isOwn = mails.some((mail) => /(?<!\d)\d{6,8}(?!\d)/.test(mail));
        scene.must(
          isOwn,
          'the code came to the known address',
          'the code went to the address of the request',
        );
      },
    },
    {
      id: 'superseded-code',
      title: 'A code after a newer one was sent',
      priority: 'P1',
      gain: 'Each code that was ever sent is one more to hit, or to find in a mailbox.',
      mend: 'Let a new code replace the former one.',
      sources: ['OWASP ASVS 5.0.0, 6.6.2'],
      classes: [60],
      needs: ['readMail'],
      async run(scene: Scene): Promise<void> {
        const owner = await withMail(scene);
        const half = await scene.half(owner);
        scene.control('asking for a code', await send(half));
        const former = await mailedCode(scene, owner.user);
        await scene.pass(scene.target.clock ? 61 : 0);
        scene.control('asking for another', await send(half));
        const newer = await mailedCode(scene, owner.user);
        if (newer === former) throw new NotApplicable('The same code was sent again');
        scene.mustRefuse('the former code', await half.mfa('POST', '/authenticate', { code: former }));
        scene.control('the newer code', await half.mfa('POST', '/authenticate', { code: newer }));
      },
    },
    {
      id: 'expired-mailed-code',
      title: 'A mailed code after twelve minutes',
      priority: 'P1',
      gain: 'A mailbox that is opened later still opens the account.',
      mend: 'Let a sent code live for ten minutes at most.',
      sources: ['OWASP ASVS 5.0.0, 6.5.5', 'NIST SP 800-63B-4, section 3.1.3.2'],
      classes: [60],
      needs: ['readMail', 'clock'],
      async run(scene: Scene): Promise<void> {
        const owner = await withMail(scene);
        const half = await scene.half(owner);
        scene.control('asking for a code', await send(half));
        const code = await mailedCode(scene, owner.user);
        await scene.pass(LATE_SECONDS);
        scene.mustRefuse('a late code', await half.mfa('POST', '/authenticate', { code }));
        scene.control('asking for another', await send(half));
        const newer = await mailedCode(scene, owner.user);
        scene.control('a code in time', await half.mfa('POST', '/authenticate', { code: newer }));
      },
    },
    {
      id: 'code-of-another-sign-in',
      title: 'A code that was sent for another sign-in',
      priority: 'P1',
      gain: 'A code that the owner is talked into telling opens the attacker’s sign-in.',
      mend: 'Bind a code to the session that asked for it.',
      sources: ['OWASP ASVS 5.0.0, 6.6.2'],
      classes: [60],
      needs: ['readMail'],
      async run(scene: Scene): Promise<void> {
        const owner = await withMail(scene);
        const half = await scene.half(owner);
        scene.control('asking for a code', await send(half));
        const code = await mailedCode(scene, owner.user);
        const thief = await scene.half(owner);
        scene.mustRefuse('in another sign-in', await thief.mfa('POST', '/authenticate', { code }));
        scene.control('in its own', await half.mfa('POST', '/authenticate', { code }));
      },
    },
    {
      id: 'same-channel-twice',
      title: 'A code by mail for who came by a link in a mail',
      priority: 'P1',
      gain: 'Whoever reads the mail has both factors.',
      mend: 'Say how the user came: `login(user, { firstFactor: "email" })`.',
      sources: ['NIST SP 800-63B-4, section 3.1.3'],
      classes: [60],
      lookAt:
        'If a link by mail or text message signs in: that a code over the same channel is not offered as second factor, and that a code dies when the address is changed.',
    },
  ],
};
