import type { AttackFamily } from '../scene/attack.js';

/** What requests from outside can't show: a person has to look, or read the code. */
export const byHand: AttackFamily = {
  name: 'For you to check',
  attacks: [
    {
      id: 'accounts-told',
      title: 'Sign-in that tells which address has an account',
      priority: 'P1',
      gain: 'A list of addresses becomes a list of accounts, and of those without a second factor.',
      mend: 'Answer alike, and after the same time, before the password is proven.',
      sources: ['OWASP ASVS 5.0.0, 6.3.8', 'CWE-204'],
      classes: [38],
      lookAt:
        'Sign in with an unknown address, with a known one, and with one that has a second factor, each with a wrong password: body, status and time have to be the same. Then register and reset with a known address.',
    },
    {
      id: 'reset-link',
      title: 'Links that reset a password or the factors',
      priority: 'P1',
      gain: 'A link from an old mail opens the account.',
      mend: 'Use a link once, for its own user, for some minutes; end sign-ins with it.',
      sources: ['CVE-2026-37982', 'CVE-2026-32132'],
      classes: [32],
      lookAt: 'Use such a link twice, after its expiry, and while signed in as somebody else.',
    },
    {
      id: 'grace-after-reset',
      title: 'Time to set up a factor, again and again',
      priority: 'P1',
      gain: 'Who must have a second factor works without one for ever.',
      mend: 'Give the time to set up to users who never had a factor.',
      sources: ['OWASP ASVS 5.0.0, 6.3.3'],
      classes: [53],
      lookAt: 'Remove or reset the factor of somebody who must have one: no grace period may begin.',
    },
    {
      id: 'weak-options',
      title: 'Options that weaken everything',
      priority: 'P1',
      gain: 'A slip in the configuration is a hole that nobody sees.',
      mend: 'Refuse to start with such options.',
      sources: ['CWE-1188'],
      classes: [44],
      lookAt:
        'Start the application with an empty or short secret, a tolerance of 60 steps, no recovery codes, a fixed code, no origin: each has to stop the boot. `npx nestjs-mfa doctor` says what it finds.',
    },
    {
      id: 'order-of-guards',
      title: 'Two guards, and which user the handler sees',
      priority: 'P0',
      gain: 'One user’s proof opens what another one sees.',
      mend: 'Judge the user that the handler gets: set `request.user` in guards.',
      sources: ['nest #7854'],
      classes: [48],
      lookAt:
        'Each handler with a guard of your own beside `@RequireMfa()`: that both mean the same user, in both orders.',
    },
    {
      id: 'metadata-that-opens',
      title: 'Decorators that open a route',
      priority: 'P0',
      gain: 'A class that others extend opens their routes.',
      mend: 'Let the nearer decorator count, and put no `@SkipMfa()` on base classes.',
      sources: ['CWE-285'],
      classes: [49],
      lookAt:
        'Every `@SkipMfa()` and `@Public()`: on which class or handler it stands, and what inherits it.',
    },
    {
      id: 'flags-of-users',
      title: 'Flags of a user that are not true or false',
      priority: 'P0',
      gain: 'Who is staff is taken for somebody who needs no second factor.',
      mend: 'Give booleans; a copy by `{ ...user }` loses accessors.',
      sources: ['CWE-704'],
      classes: [50],
      lookAt:
        'What `getUser()` and `findUser()` of your adapter give for `isStaff` and `emailVerified`: booleans, on every path.',
    },
    {
      id: 'behind-a-replica',
      title: 'Decisions on a replica or a cache that is behind',
      priority: 'P1',
      gain: 'A session that was ended works on, as long as the replica is behind.',
      mend: 'Let reads that decide go to the primary.',
      sources: ['typeorm #9427'],
      classes: [57],
      lookAt:
        'With replication or a query cache: sign out, and use a copy of the session at once, many times.',
    },
    {
      id: 'lists-without-bound',
      title: 'Lists that grow without bound',
      priority: 'P2',
      gain: 'One user with a hundred thousand sessions slows the server down for all.',
      mend: 'Bound what is kept of each user (`session.maxPerUser`, `trustedDevices.maxPerUser`).',
      sources: ['CVE-2023-6563', 'CWE-770'],
      classes: [59],
      lookAt:
        'Make some thousand sessions and trusted browsers of one user: the lists have to stay bounded, and as fast.',
    },
    {
      id: 'id-given-again',
      title: 'A user’s id that is given to somebody else',
      priority: 'P1',
      gain: 'The next owner of the id has the cookies, trusted browsers and codes of the last one, or the other way round.',
      mend: 'Call `MfaService.forgetUser()` when an account is deleted.',
      sources: ['CWE-672'],
      classes: [56],
      lookAt:
        'Where ids may come again (user names, addresses): that deleting an account calls `forgetUser()`.',
    },
  ],
};
