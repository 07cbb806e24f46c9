import { describe, expect, it } from '@jest/globals';

import { MFA_NOTIFICATION_TYPES } from '../core/users/notification.js';
import { MFA_ERRORS } from '../core/errors/error-codes.js';
import { GERMAN } from './de.js';
import { ENGLISH } from './en.js';

/** All texts with their paths. */
function flatten(texts: object, path = ''): [string, string][] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'string'
      ? [[`${path}${key}`, value] as [string, string]]
      : flatten(value, `${path}${key}.`),
  );
}

const english = flatten(ENGLISH);
const german = new Map(flatten(GERMAN));
const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

describe('the texts of the module', () => {
  it('cover every error code and every notification', () => {
    expect(Object.keys(ENGLISH.errors).sort()).toEqual(Object.keys(MFA_ERRORS).sort());
    expect(Object.keys(ENGLISH.notifications).sort()).toEqual([...MFA_NOTIFICATION_TYPES].sort());
    expect(Object.keys(ENGLISH.details).sort()).toEqual(['ip', 'repudiation', 'time', 'userAgent']);
  });

  it('are the same set in both languages', () => {
    expect([...german.keys()].sort()).toEqual(english.map(([path]) => path).sort());
  });

  it.each(english)('%s: German is a translation, with the same placeholders', (path, text) => {
    const translated = german.get(path) as string;
    expect(text.trim()).toBe(text);
    expect(text).not.toBe('');
    expect(translated.trim()).toBe(translated);
    expect(translated).not.toBe('');
    expect(translated).not.toBe(text);
    expect(placeholders(translated)).toEqual(placeholders(text));
  });

  it.each([
    ['en', ENGLISH],
    ['de', GERMAN],
  ])('%s: no line breaks, no HTML, no unknown placeholder', (_, texts) => {
    const known = [
      ...['{site}', '{name}', '{remaining}', '{time}', '{ip}', '{userAgent}'],
      ...[
        '{total}',
        '{digits}',
        '{days}',
        '{from}',
        '{url}',
        '{period}',
        '{user}',
        '{browser}',
        '{system}',
        '{contact}',
        '{provider}',
      ],
      ...['{code}', '{minutes}', '{destination}', '{factor}'],
    ];
    for (const [, text] of flatten(texts)) {
      expect(text).not.toMatch(/[\p{Cc}<>]/u);
      for (const placeholder of placeholders(text)) expect(known).toContain(placeholder);
    }
    for (const text of Object.values(texts.errors)) expect(placeholders(text)).toEqual([]);
    for (const { subject } of Object.values(texts.notifications))
      expect(subject).toMatch(/^\{site\}: \p{L}/u);
  });

  it('say which factor, how many codes, and what a stranger’s doing calls for', () => {
    for (const { notifications, details } of [ENGLISH, GERMAN]) {
      for (const type of ['added', 'removed', 'locked', 'cloned'] as const)
        expect(notifications[`authenticator_${type}`].text).toContain('{name}');
      for (const type of ['recovery_code_used', 'recovery_codes_low'] as const)
        expect(notifications[type].text).toContain('{remaining}');
      expect(details.repudiation).toMatch(/Passwor[dt]|password/);
      expect(details.repudiation).toContain('{site}');
    }
  });

  it('end with what a known time takes the place of, where one has to wait', () => {
    for (const { errors, pages } of [ENGLISH, GERMAN]) {
      for (const code of ['too_many_attempts', 'too_many_messages', 'storage_unavailable'] as const)
        expect(errors[code]).toMatch(new RegExp(`\\. ${pages?.errorLater ?? '–'}$`));
    }
  });

  it('can’t be changed by accident where they are shared', () => {
    expect(Object.isFrozen(ENGLISH.errors) && Object.isFrozen(GERMAN.errors)).toBe(true);
    expect(Object.isFrozen(ENGLISH) && Object.isFrozen(GERMAN)).toBe(true);
  });
});
