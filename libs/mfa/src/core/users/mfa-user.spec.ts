import { describe, expect, it } from '@jest/globals';

import type { MfaUser } from './mfa-user.js';
import { findExactUser, flagOf, userIdOf } from './mfa-user.js';
import { readSupportContact } from './support-contact.js';
import { overlayUser } from './user-overlay.js';

describe('the id of a user', () => {
  it.each([
    ['ada', 'ada'],
    [' ada', ' ada'],
    ['a'.repeat(191), 'a'.repeat(191)],
    ['😀', '😀'],
    [0, '0'],
    [-5, '-5'],
    [2 ** 53 - 1, '9007199254740991'],
    [2n ** 64n, '18446744073709551616'],
  ])('%j is stored as %j', (id, stored) => {
    expect(userIdOf({ id })).toBe(stored);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['no character', ''],
    ['trailing spaces', 'ada '],
    ['spaces alone', ' '],
    ['a NUL', 'a\0b'],
    ['half a character', '\ud83d'],
    ['the other half', 'a\ude00'],
    ['192 characters', 'a'.repeat(192)],
    ['a fraction', 1.5],
    ['a number that has no next one', 2 ** 53],
    ['NaN', NaN],
    ['a list', ['ada']],
    ['a boolean', true],
  ])('may not be %s', (_, id) => {
    expect(() => userIdOf({ id: id as string })).toThrow(TypeError);
  });
});

describe('what is known of a user as yes or no', () => {
  it.each([
    [true, true],
    [false, false],
    [undefined, undefined],
    [null, undefined],
  ])('%j says %j', (isStaff, says) => {
    expect(flagOf({ isStaff }, 'isStaff')).toBe(says);
    expect(flagOf({ isStaff: !isStaff, emailVerified: isStaff }, 'emailVerified')).toBe(says);
  });

  it.each([0, 1, '', 'true', {}, Promise.resolve(true)])('%j says nothing to rely on', (isStaff) => {
    expect(() => flagOf({ isStaff }, 'isStaff')).toThrow('`isStaff` must be a boolean or absent');
  });
});

describe('a user with properties replaced', () => {
  class Person {
    readonly #name = 'Ada';
    id = 'ada';
    get displayName(): string {
      return this.#name;
    }
    greet(): string {
      return `I am ${this.#name}`;
    }
  }
  const made = () => {
    const person = new Person();
    return { person, user: overlayUser(person, { email: () => 'a@example.com', id: () => `${person.id}!` }) };
  };

  it('has these, and all else from the very user', () => {
    const { person, user } = made();
    expect([user.id, user.email, user.displayName]).toEqual(['ada!', 'a@example.com', 'Ada']);
    expect((user as unknown as Person).greet()).toBe('I am Ada');
    expect(user).toBeInstanceOf(Person);
    expect((user as object).constructor).toBe(Person);
    person.id = 'eve';
    expect(user.id).toBe('eve!');
  });

  it('writes what is written to it into the user', () => {
    const { person, user } = made();
    user.username = 'x';
    expect(person).toHaveProperty('username', 'x');
  });

  it('lists all of them, once', () => {
    const { user } = made();
    expect(Object.keys(user)).toEqual(['id', 'email']);
    expect({ ...user }).toEqual({ id: 'ada!', email: 'a@example.com' });
    expect('email' in user && 'displayName' in user && 'id' in user).toBe(true);
    expect('username' in user).toBe(false);
    expect(Object.getOwnPropertyDescriptor(user, 'username')).toBeUndefined();
    expect(Object.getOwnPropertyDescriptor(user, 'email')).toEqual({
      value: 'a@example.com',
      enumerable: true,
      configurable: true,
      writable: true,
    });
  });

  it('hides what the user hides', () => {
    const hidden = Object.defineProperty({}, 'id', { value: 'ada', enumerable: false });
    expect(Object.keys(overlayUser(hidden, {}))).toEqual([]);
    expect(overlayUser(hidden, {}).id).toBe('ada');
  });
});

describe('the user of an id', () => {
  const finding = (user: MfaUser | null) => ({ findUser: () => user });

  it('is whom the application finds, at once or later', async () => {
    const ada = { id: 'ada' };
    expect(await findExactUser(finding(ada), 'ada')).toBe(ada);
    expect(await findExactUser({ findUser: () => Promise.resolve(ada) }, 'ada')).toBe(ada);
    expect(await findExactUser(finding({ id: 7 }), '7')).toEqual({ id: 7 });
  });

  it('is nobody with another id, however much alike, and nobody where nobody is found', async () => {
    expect(await findExactUser(finding({ id: 'ada' }), 'Ada')).toBeNull();
    expect(await findExactUser(finding(null), 'ada')).toBeNull();
  });
});

describe('whom to ask', () => {
  it.each([
    ['https://help.example/mfa', 'https://help.example/mfa', 'https://help.example/mfa'],
    ['http://help.example', 'http://help.example', 'http://help.example'],
    ['mailto:it@example.com', 'it@example.com', 'mailto:it@example.com'],
    ['TEL:+4930123', '+4930123', 'TEL:+4930123'],
    ['/help', '/help', '/help'],
    ['/', '/', '/'],
    [' /help\n', '/help', '/help'],
    ['//evil.example', '//evil.example', null],
    ['/\\evil.example', '/\\evil.example', null],
    ['/our help', '/our help', null],
    ['see /help', 'see /help', null],
    ['javascript:alert(1)', 'javascript:alert(1)', null],
    ['https://a.example or https://b.example', 'https://a.example or https://b.example', null],
    ['Room 5', 'Room 5', null],
    ['mailto:it@example.com or Room 5', 'it@example.com or Room 5', null],
    ['two\r\n\tlines', 'two lines', null],
    ['ask mailto:it@example.com', 'ask mailto:it@example.com', null],
  ])('%j reads %j and leads to %j', (contact, text, href) => {
    expect(readSupportContact(contact)).toEqual({ text, href });
  });
});
