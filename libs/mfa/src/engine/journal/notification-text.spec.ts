import { describe, expect, it } from '@jest/globals';

import type { MfaNotification } from '../../core/users/notification.js';
import { MFA_NOTIFICATION_TYPES } from '../../core/users/notification.js';
import { GERMAN } from '../../i18n/de.js';
import { ENGLISH } from '../../i18n/en.js';
import type { MfaLocaleTexts } from '../../i18n/locale-texts.js';
import { readSupportContact } from '../../core/users/support-contact.js';
import { writeMessage, writeNotification } from './notification-text.js';

type Facts = Parameters<typeof writeNotification>[0];

const FACTS: Facts = {
  type: 'authenticator_added',
  at: Date.parse('2027-01-15T08:00:00Z'),
  authenticatorType: 'totp',
  authenticatorName: 'My phone',
  remaining: 3,
  from: Date.parse('2027-02-01T00:00:00Z'),
  ip: '192.0.2.1',
  userAgent: 'Firefox',
};
const write = (facts: Partial<Facts>, texts: MfaLocaleTexts = ENGLISH, site = 'Example') =>
  writeNotification({ ...FACTS, ...facts }, site, texts);

const GIST: Record<MfaNotification['type'], { en: [string, string]; de: [string, string] }> = {
  authenticator_added: {
    en: ['Example: a second factor was added', '“My phone” was added to your account.'],
    de: ['Example: Ein zweiter Faktor wurde hinzugefügt', '„My phone“ wurde Ihrem Konto hinzugefügt'],
  },
  authenticator_removed: {
    en: ['Example: a second factor was removed', '“My phone” was removed from your account.'],
    de: ['Example: Ein zweiter Faktor wurde entfernt', '„My phone“ wurde von Ihrem Konto entfernt'],
  },
  authenticator_locked: {
    en: ['Example: a second factor was locked', '“My phone” was locked after too many failed attempts.'],
    de: [
      'Example: Ein zweiter Faktor wurde gesperrt',
      '„My phone“ wurde nach zu vielen Fehlversuchen gesperrt.',
    ],
  },
  authenticator_unlocked: {
    en: ['Example: a second factor was unlocked', '“My phone” is no longer locked and can be used'],
    de: ['Example: Ein zweiter Faktor wurde entsperrt', '„My phone“ war gesperrt und kann wieder'],
  },
  enrollment_demanded: {
    en: [
      'Example: your account needs a second factor',
      'From February 1, 2027 at 12:00:00 AM UTC, you won’t be able',
    ],
    de: ['Example: Ihr Konto braucht einen zweiten Faktor', 'Ab 1. Februar 2027 um 00:00:00 UTC geht es'],
  },
  authenticator_suspended: {
    en: ['Example: a second factor was reported as lost', '“My phone” was reported as lost.'],
    de: ['Example: Ein zweiter Faktor wurde als verloren gemeldet', '„My phone“ wurde als verloren gemeldet'],
  },
  authenticator_resumed: {
    en: ['Example: a second factor can be used again', '“My phone”, which was reported as lost'],
    de: ['Example: Ein zweiter Faktor kann wieder verwendet werden', '„My phone“ war als verloren gemeldet'],
  },
  authenticator_cloned: {
    en: ['Example: a security key may have been copied', 'The security key “My phone” behaved as if'],
    de: ['Example: Ein Sicherheitsschlüssel wurde vielleicht kopiert', 'Der Sicherheitsschlüssel „My phone“'],
  },
  authenticator_model_revoked: {
    en: [
      'Example: a security key should be replaced',
      'Security keys of the same model as “My phone” are no longer considered safe',
    ],
    de: [
      'Example: Ein Sicherheitsschlüssel sollte ersetzt werden',
      'Sicherheitsschlüssel desselben Modells wie „My phone“ gelten nicht mehr als sicher',
    ],
  },
  attempts_exhausted: {
    en: ['Example: too many failed attempts', 'There were too many failed attempts to confirm'],
    de: ['Example: Zu viele Fehlversuche', 'Innerhalb kurzer Zeit sind zu viele Versuche fehlgeschlagen'],
  },
  recovery_code_used: {
    en: ['Example: a recovery code was used', 'Recovery codes left: 3.'],
    de: ['Example: Ein Wiederherstellungscode wurde verwendet', 'Verbleibende Codes: 3.'],
  },
  recovery_codes_low: {
    en: ['Example: only a few recovery codes are left', 'Recovery codes left: 3.'],
    de: ['Example: Nur noch wenige Wiederherstellungscodes', 'Verbleibende Wiederherstellungscodes: 3.'],
  },
  recovery_codes_regenerated: {
    en: ['Example: new recovery codes were created', 'The old ones no longer work.'],
    de: ['Example: Neue Wiederherstellungscodes wurden erzeugt', 'Die bisherigen gelten nicht mehr.'],
  },
  trusted_device_added: {
    en: ['Example: a browser is now trusted', 'A browser was marked as trusted.'],
    de: ['Example: Ein Browser gilt jetzt als vertrauenswürdig', 'Ein Browser wurde als vertrauenswürdig'],
  },
  trusted_device_reused: {
    en: ['Example: a trusted browser may have been copied', 'Two browsers used the token of one'],
    de: [
      'Example: Ein vertrauenswürdiger Browser wurde vielleicht kopiert',
      'Zwei Browser haben das Token eines Browsers vorgewiesen',
    ],
  },
  trusted_device_copied: {
    en: [
      'Example: the token of a trusted browser was used elsewhere',
      'A different kind of browser used the token',
    ],
    de: [
      'Example: Das Token eines vertrauenswürdigen Browsers wurde anderswo verwendet',
      'Ein Browser anderer Art hat das Token',
    ],
  },
  new_sign_in: {
    en: ['Example: new sign-in', 'Someone signed in to your account with a browser that hasn’t been used'],
    de: ['Example: Neue Anmeldung', 'Bei Ihrem Konto hat sich jemand mit einem Browser angemeldet'],
  },
  admin_reset: {
    en: ['Example: your second factors were reset', 'An administrator removed second factors'],
    de: ['Example: Ihre zweiten Faktoren wurden zurückgesetzt', 'Ein Administrator hat zweite Faktoren'],
  },
};

describe('the texts of a notification', () => {
  it.each(MFA_NOTIFICATION_TYPES)('%s: what, when, from where, and what to do', (type) => {
    for (const texts of [ENGLISH, GERMAN]) {
      const [subject, gist] = GIST[type][texts.locale as 'en' | 'de'];
      const written = write({ type }, texts);
      expect(written.locale).toBe(texts.locale);
      expect(written.subject).toBe(subject);
      expect(written.text).toContain(gist);
      expect(written.text).not.toMatch(/\{\w+\}|undefined|null/);
      expect(written.html).not.toMatch(/\{\w+\}|undefined|null/);
      const [what, details, advice, ...more] = written.text.split('\n\n');
      expect(more).toEqual([]);
      expect(what).not.toBe('');
      expect(details?.split('\n')).toHaveLength(3);
      expect(advice).toContain('Example');
      expect(written.html).toBe(
        [what, details?.replaceAll('\n', '<br>'), advice]
          .map((paragraph) => `<p>${paragraph}</p>`)
          .join('\n'),
      );
    }
  });

  it('are whole, in English', () => {
    expect(write({}).text).toBe(
      '“My phone” was added to your account. It can now be used to sign in.\n\n' +
        'When: January 15, 2027 at 8:00:00 AM UTC\nIP address: 192.0.2.1\nBrowser: Firefox\n\n' +
        'If this wasn’t you, change your password right away, check the second factors on your account, and tell the people who run Example.',
    );
  });

  it('are whole, in German', () => {
    expect(write({}, GERMAN).text).toBe(
      '„My phone“ wurde Ihrem Konto hinzugefügt und kann ab jetzt zur Anmeldung verwendet werden.\n\n' +
        'Zeitpunkt: 15. Januar 2027 um 08:00:00 UTC\nIP-Adresse: 192.0.2.1\nMit dem Browser: Firefox\n\n' +
        'Waren Sie das nicht? Ändern Sie sofort Ihr Passwort, prüfen Sie die zweiten Faktoren Ihres Kontos und benachrichtigen Sie die Betreiber von Example.',
    );
  });

  it('leave out where it came from when nobody knows', () => {
    for (const texts of [ENGLISH, GERMAN]) {
      const [, details] = write({ ip: null, userAgent: null }, texts).text.split('\n\n');
      expect(details?.split('\n')).toHaveLength(1);
    }
    expect(write({ ip: null }).text).toContain('UTC\nBrowser: Firefox\n');
    expect(write({ userAgent: null }).text).toContain('IP address: 192.0.2.1\n\n');
  });

  it('say that no code is left', () => {
    expect(write({ type: 'recovery_code_used', remaining: 0 }).text).toContain('Recovery codes left: 0.');
  });

  it('have no markup in the HTML but their own, whatever names and browsers say', () => {
    const { html, text } = write(
      {
        authenticatorName: `<img src=x onerror=1>"'&`,
        userAgent: `<script>alert(1)</script>"'&`,
        ip: '<b>',
      },
      ENGLISH,
      '<i>Site</i>',
    );
    expect(html.match(/<[^>]*>/g)?.filter((tag) => !['<p>', '</p>', '<br>'].includes(tag))).toEqual([]);
    expect(html).toContain('&lt;img src=x onerror=1&gt;&quot;&#39;&amp;');
    expect(html).toContain('Browser: Unknown browser');
    expect(html).not.toContain('IP address');
    expect(html).toContain('&lt;i&gt;Site&lt;/i&gt;');
    // Nothing is escaped in plain text.
    expect(text).toContain(`“<img src=x onerror=1>"'&”`);
  });

  it.each(MFA_NOTIFICATION_TYPES)('%s: never a line break in the subject', (type) => {
    const named: MfaLocaleTexts = {
      ...ENGLISH,
      notifications: { ...ENGLISH.notifications, [type]: { subject: '{site}: {name}', text: '{name}' } },
    };
    const evil = 'Key\r\nBcc: everybody@example.com\r\n\r\nbody\u0000\u0085end\n';
    const { subject, text } = write({ type, authenticatorName: evil }, named, 'Ex\r\nBcc: a@b.c\nample');
    expect(subject).toBe('Ex Bcc: a@b.c ample: Key Bcc: everybody@example.com body end');
    // A name can't pretend to be another paragraph either.
    expect(text.split('\n\n')).toHaveLength(3);
    expect(text.split('\n\n')[0]).toBe('Key Bcc: everybody@example.com body end');
  });

  it.each([
    ['Your account is at risk: https://evil.example/login'],
    ['Mozilla/5.0 (evil.example; call +1 555 0100)'],
    ['Visit/now http://evil.example/ Gecko'],
    ['\u202eelpmaxe.live//:ptth'],
  ])('say of the browser %j only that it is unknown', (userAgent) => {
    for (const [texts, unknown] of [
      [ENGLISH, 'Browser: Unknown browser'],
      [GERMAN, 'Mit dem Browser: Unbekannter Browser'],
    ] as const) {
      const { text, html } = write({ userAgent }, texts);
      expect(text.split('\n\n')[1]?.split('\n')[2]).toBe(unknown);
      expect(html).toContain(`${unknown}</p>`);
      expect(text + html).not.toMatch(/evil|elpmaxe|555/);
    }
  });

  it('name the browser and its system where they are known', () => {
    const firefox =
      'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 https://evil.example';
    expect(write({ userAgent: firefox }).text).toContain('Browser: Firefox on Linux');
    expect(write({ userAgent: firefox }, GERMAN).text).toContain('Mit dem Browser: Firefox unter Linux');
    expect(write({ userAgent: 'Foo (Windows NT 10.0)' }).text).toContain('Browser: Windows');
  });

  it.each(['https://evil.example', 'call +1 555 0100', '192.0.2.1 or evil.example', '1.2.3', ''])(
    'leave out the address %j, which is none',
    (ip) => {
      const { text } = write({ ip });
      expect(text.split('\n\n')[1]?.split('\n')).toHaveLength(2);
      expect(text).not.toMatch(/evil|555/);
    },
  );

  it('show addresses of both kinds, without a zone', () => {
    expect(write({ ip: '2001:db8::1' }).text).toContain('IP address: 2001:db8::1\n');
    expect(write({ ip: 'fe80::1%evil.example' }).text).toContain('IP address: fe80::1\n');
  });

  it.each([
    'Login at https://evil.example',
    'www.evil',
    'evil.example',
    'see evil.example/login now',
    'EVIL.EXAMPLE:8080',
    'ev\u200bil.ex\u202eample',
    'Sign in at evil.example.',
    'now...evil.example...now',
    'a-.evil.example',
    'a_.evil.example',
    '5.evil.example',
    'evile\u0301.example',
    'evil.xn--p1ai',
    'evil.भारत',
  ])('call an authenticator whose name is made to be clicked by its kind: %j', (authenticatorName) => {
    expect(write({ authenticatorName }).text).toMatch(/^“Authenticator app” was added/);
    expect(write({ authenticatorName, authenticatorType: 'webauthn' }, GERMAN).text).toMatch(
      /^„Sicherheitsschlüssel“ wurde/,
    );
    expect(write({ authenticatorName, authenticatorType: 'recovery_codes' }).text).toMatch(
      /^“Recovery codes”/,
    );
  });

  it.each([
    'My phone',
    'Phone no. 2',
    'Ada’s key v2.1',
    'Mr. Key',
    'key of ada@example.com',
    'key of ada@mail.example.com.',
    'key of ada.king@example.com',
    'key of ada.king.byron@example.com',
    'key of ada.king-noel@example.com',
    'key of ada.x2@example.com',
    'key of ada@x-1.example.com',
    'key of ada@x-.example.com',
    '私の電話。',
  ])('call it by its name otherwise: %j', (authenticatorName) => {
    expect(write({ authenticatorName }).text).toContain(`“${authenticatorName}”`);
  });

  it('leave out what is not known of a notification', () => {
    const texts: MfaLocaleTexts = {
      ...ENGLISH,
      notifications: {
        ...ENGLISH.notifications,
        admin_reset: { subject: 'Reset', text: '[{name}|{remaining}|{from}]' },
      },
    };
    const { type, at, ip, userAgent } = { ...FACTS, type: 'admin_reset' as const };
    expect(writeNotification({ type, at, ip, userAgent }, 'Example', texts).text).toMatch(/^\[\|\|\]\n/);
  });

  it('show no character that is not seen, in names that are older than that rule', () => {
    expect(write({ authenticatorName: 'Ph\u202eno\u200be\u2028x' }).text).toContain('“Phnoe x”');
  });

  it('say whom to ask, when the application says so', () => {
    const withSupport = (contact: string, texts = ENGLISH) =>
      writeNotification(FACTS, 'Example', texts, readSupportContact(contact));
    const text = withSupport('Call the <help> desk:\r\n4711');
    expect(text.text.split('\n\n')[3]).toBe('Questions? Call the <help> desk: 4711');
    expect(text.html).toContain('<p>Questions? Call the &lt;help&gt; desk: 4711</p>');
    const link = withSupport('https://example.com/help?a=1&b="2"', GERMAN);
    expect(link.text).toContain('Fragen? https://example.com/help?a=1&b="2"');
    expect(link.html).toContain(
      '<p>Fragen? <a href="https://example.com/help?a=1&amp;b=&quot;2&quot;">https://example.com/help?a=1&amp;b=&quot;2&quot;</a></p>',
    );
    expect(withSupport('mailto:help@example.com').html).toContain(
      '<a href="mailto:help@example.com">help@example.com</a>',
    );
    for (const contact of ['javascript:alert(1)', 'data:text/html,x', '//evil.example', '/help', 'https: no'])
      expect(withSupport(contact).html).not.toContain('<a');
  });

  it('lead to the page to look at, where there is one', () => {
    const url = 'https://example.com/account/security?a="1"';
    const written = write({ url });
    expect(written.text.split('\n\n')[3]).toBe(`See your account: ${url}`);
    expect(written.html).toContain(
      '<p>See your account: <a href="https://example.com/account/security?a=&quot;1&quot;">https://example.com/account/security?a=&quot;1&quot;</a></p>',
    );
    expect(write({ url }, GERMAN).text).toContain(`Ihr Konto ansehen: ${url}`);
    expect(write({}).text).not.toContain('See your account');
  });

  it('take braces in a name for text', () => {
    expect(write({ authenticatorName: '{ip} {site} $& $1' }).text).toContain('“{ip} {site} $& $1”');
  });

  it('are in a language of the application’s own, with its way to write a date', () => {
    const french: MfaLocaleTexts = {
      ...ENGLISH,
      locale: 'fr',
      details: { ...ENGLISH.details, time: 'Quand : {time}' },
    };
    const { locale, text } = write({}, french);
    expect(locale).toBe('fr');
    expect(text).toMatch(/Quand : 15 janvier 2027 à 08:00:00 UTC/);
  });
});

describe('the message with a code', () => {
  const message = (ttlSeconds: number, texts: MfaLocaleTexts = ENGLISH, site = 'Example') =>
    writeMessage(texts, { site, code: '123456', ttlSeconds });

  it('says whose code it is, how long it works, and that nobody will ask for it', () => {
    expect(message(600)).toBe(
      '123456 is your code for Example. It works for 10 minutes. Don’t share it: we will never ask you for it. If you didn’t request it, someone may know your password.',
    );
    expect(message(600, GERMAN)).toContain('123456 ist Ihr Code für Example. Er gilt 10 Minuten.');
  });

  it.each([
    [30, 1],
    [119, 1],
    [120, 2],
  ])('promises of %d seconds %d whole minutes, and at least one', (seconds, minutes) => {
    expect(message(seconds)).toContain(`for ${minutes} minutes`);
  });

  it('is in English where a language has none, and on one line', () => {
    const { message: _, ...rest } = GERMAN;
    expect(message(600, rest, 'Ex\r\nample')).toMatch(/^123456 is your code for Ex ample\. .*$/);
  });
});
