import { readFileSync } from 'node:fs';

import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';

import type { Answer } from './client.js';

/** The checked-in document. */
export const DOCUMENT_FILE = 'docs/openapi.json';

// Tests treat the document as plain data.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = any;

interface Operation {
  path: string;
  method: string;
  pattern: RegExp;
  responses: Record<string, Json>;
}

/** Validates responses against the document: it must contain every status, code and field. */
export class AnswerCheck {
  private readonly ajv = new Ajv({ strict: false, allErrors: true });
  private readonly operations: Operation[];
  private readonly validators = new Map<string, ValidateFunction>();
  /** What has been seen, as `POST /mfa/totp 201` or `POST /mfa/totp 403 unverified_email`. */
  readonly seen = new Set<string>();

  /** @param isClosed whether even objects that the document leaves open for applications must have no other fields */
  constructor(
    document: Json = JSON.parse(readFileSync(DOCUMENT_FILE, 'utf8')),
    private readonly isClosed = false,
  ) {
    this.ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    this.ajv.addSchema({
      $id: 'document',
      components: { schemas: this.close(document.components.schemas, true) },
    });
    this.operations = Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
      Object.entries<Json>(methods).map(([method, { responses }]) => ({
        path,
        method: method.toUpperCase(),
        pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
        responses,
      })),
    );
    // Sorts `/authenticate/webauthn` before `/authenticate/{type}`.
    this.operations.sort((one, other) => one.path.split('{').length - other.path.split('{').length);
  }

  /** The differences between a response and the document; empty if there are none, or the route isn't documented. */
  problemsOf(method: string, url: string, { status, body, text, headers }: Answer): string[] {
    const [path = ''] = url.split('?');
    const found = this.operations.find((one) => one.method === method && one.pattern.test(path));
    if (!found) return [];
    const where = `${method} ${found.path} ${status}`;
    this.seen.add(body?.code ? `${where} ${body.code}` : where);
    const response = found.responses[status];
    if (!response) return [`${where} is not documented: ${text}`];
    const schema = response.content?.['application/json']?.schema;
    const missing = Object.keys(response.headers ?? {}).filter(
      (name) => !headers.has(name) && !['set-cookie', 'x-mfa-session'].includes(name.toLowerCase()),
    );
    const problems = missing.map((name) => `${where} lacks the header ${name}`);
    if (!schema) return text === '' ? problems : [...problems, `${where} has a body: ${text}`];
    const validate = this.validator(where, schema);
    if (validate(body)) return problems;
    return [...problems, `${where}: ${this.ajv.errorsText(validate.errors)} in ${text}`];
  }

  private validator(where: string, schema: Json): ValidateFunction {
    const known = this.validators.get(where);
    if (known) return known;
    const made = this.ajv.compile(this.close(schema, false));
    this.validators.set(where, made);
    return made;
  }

  /** The schema without additional properties, and with document references that `ajv` can resolve. */
  private close(schema: Json, isMap: boolean): Json {
    if (Array.isArray(schema)) return schema.map((one) => this.close(one, false));
    if (typeof schema !== 'object' || schema === null) return schema;
    const entries = Object.entries<Json>(schema).map(([key, value]) => [
      key,
      key === '$ref' && !isMap ? `document${value}` : this.close(value, key === 'properties' && !isMap),
    ]);
    const closed = Object.fromEntries(entries);
    if (isMap || schema.type !== 'object' || !schema.properties) return closed;
    if (this.isClosed || schema.additionalProperties === undefined) closed.additionalProperties = false;
    return closed;
  }
}

/** Responses of the application in some tests: an unmounted route, a throttler, an adapter that throws. */
export function isOfApplication({ status, body, text }: Pick<Answer, 'status' | 'body' | 'text'>): boolean {
  if (body?.code !== undefined) return false;
  return status === 429 || status === 500 || (status === 404 && /\bCannot [A-Z]+ \//.test(text));
}

let shared: AnswerCheck | undefined;

/**
 * Checks the responses in tests if `MFA_CHECK_ANSWERS` is set: `MFA_CHECK_ANSWERS=1 npm test` replays the suite against
 * the document.
 *
 * @throws {Error} when a response doesn't match the document
 */
export function checkAnswer(method: string, path: string, answer: Answer): void {
  if (isOfApplication(answer)) return;
  shared ??= new AnswerCheck();
  const problems = shared.problemsOf(method, path, answer);
  if (problems.length > 0) throw new Error(`Not as ${DOCUMENT_FILE} says:\n${problems.join('\n')}`);
}
