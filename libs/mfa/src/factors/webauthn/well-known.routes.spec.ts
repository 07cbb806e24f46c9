import { describe, expect, it } from '@jest/globals';

import { MfaException } from '../../core/errors/mfa-exception.js';
import { WellKnownRoutes } from './well-known.routes.js';

const APP = 'android:apk-key-hash:https:';
const ORIGINS = [APP, 'https://app.example.com', 'http://localhost:3000'];

interface World {
  origins?: string[];
  related?: string[];
  hasPages?: boolean;
  types?: string[];
  /** What the mapper makes of an error. Default: the error with a message. */
  present?: (error: unknown) => unknown;
}

/** Asks the route at that path, and returns its answer with the headers. */
function ask(
  path: string,
  { host = 'app.example.com', ...world }: World & { host?: string | undefined } = {},
) {
  const { origins = ORIGINS, related = [], hasPages = true, types = ['webauthn'] } = world;
  const present = world.present ?? ((error) => Object.assign(error as Error, { isPresented: true }));
  const handlers = new Map<string, (request: object, response: object) => Promise<void>>();
  const answers: unknown[] = [];
  const headers: unknown[] = [];
  const httpAdapter = {
    get: (at: string, handler: never) => handlers.set(at, handler),
    reply: (_: object, body: unknown, status: number) => Promise.resolve(answers.push([status, body])),
  };
  new WellKnownRoutes(
    { httpAdapter } as never,
    { options: { origins }, relatedOrigins: () => related } as never,
    { to: (page: string) => `/pages/${page}` } as never,
    { present: (error: unknown) => Promise.resolve(present(error)) } as never,
    hasPages ? ({} as never) : null,
    { supportedTypes: types } as never,
  ).mount();
  const request = { headers: { host } };
  const response = { setHeader: (...given: unknown[]) => headers.push(given) };
  const handler = handlers.get(path);
  if (!handler) throw new Error(`Nothing is at ${path}`);
  return handler(request, response).then(() => {
    expect(answers).toHaveLength(1);
    expect(headers).toEqual([['Cache-Control', 'no-store']]);
    return answers[0];
  });
}

const NOT_THERE = [404, expect.objectContaining({ code: 'not_found' })];

describe('the related origins', () => {
  const PATH = '/.well-known/webauthn';

  it('are listed where browsers look them up', async () => {
    const related = ['https://example.org'];
    expect(await ask(PATH, { related })).toEqual([200, { origins: related }]);
  });

  it('are not there if there are none', async () => {
    expect(await ask(PATH)).toEqual(NOT_THERE);
  });

  it('may be an error that nobody knows, for the framework to answer', async () => {
    const error = new Error('unknown');
    await expect(ask(PATH, { present: () => error })).rejects.toBe(error);
  });

  it('are refused with what the application makes of it', async () => {
    const present = () => new MfaException('not_found', { message: 'Ours' });
    expect(await ask(PATH, { present })).toEqual([404, expect.objectContaining({ message: 'Ours' })]);
  });
});

describe('the endpoints of passkeys', () => {
  const PATH = '/.well-known/passkey-endpoints';
  const at = (origin: string) => [
    200,
    { enroll: `${origin}/pages/webauthn/add`, manage: `${origin}/pages/index` },
  ];

  it.each([
    ['that was asked', 'localhost:3000', 'http://localhost:3000'],
    ['that comes first on the web for another host', 'example.org', 'https://app.example.com'],
    ['that comes first on the web without a host', undefined, 'https://app.example.com'],
  ])('are the pages on the origin %s', async (_, host, origin) => {
    expect(await ask(PATH, { host })).toEqual(at(origin));
  });

  it.each<[string, World]>([
    ['without pages', { hasPages: false }],
    ['without keys', { types: ['totp'] }],
    ['without an origin on the web', { origins: [APP] }],
  ])('are not there %s', async (_, world) => {
    expect(await ask(PATH, world)).toEqual(NOT_THERE);
  });
});
