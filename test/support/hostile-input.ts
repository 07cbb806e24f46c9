import * as fc from 'fast-check';

/** Bytes of any value. */
export const bytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength, size: 'max' }).map((list) => Buffer.from(list));

/** Damage to bytes in transit, by accident or on purpose. */
export interface Damage {
  kind: 'flip' | 'cut' | 'insert' | 'replace' | 'repeat';
  /** Where, from 0 (the beginning) to 1 (the end). */
  place: number;
  by: Buffer;
}

export const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom('flip', 'cut', 'insert', 'replace', 'repeat'),
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  by: fc.uint8Array({ minLength: 1, maxLength: 16 }).map((list) => Buffer.from(list)),
});

export function damaged(whole: Buffer, { kind, place, by }: Damage): Buffer {
  const at = Math.min(Math.floor(place * whole.length), Math.max(0, whole.length - 1));
  const [before, after] = [whole.subarray(0, at), whole.subarray(at)];
  switch (kind) {
    case 'flip':
      return Buffer.concat([
        before,
        Buffer.from([(after[0] ?? 0) ^ ((by[0] as number) || 1)]),
        after.subarray(1),
      ]);
    case 'cut':
      return Buffer.from(before);
    case 'insert':
      return Buffer.concat([before, by, after]);
    case 'replace':
      return Buffer.concat([before, by, after.subarray(by.length)]);
    case 'repeat':
      return Buffer.concat([before, after, after]);
  }
}

/** Damages text that has one character per byte, so that any character can result. */
export function damagedText(text: string, by: Damage): string {
  return damaged(Buffer.from(text, 'latin1'), by).toString('latin1');
}

/** Deeply nested lists or objects; too deep for the report of a failing input to print. */
function nested(depth: number, isList: boolean): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = isList ? [value] : { a: value };
  const shown = `${depth} ${isList ? 'lists' : 'objects'} in each other`;
  return Object.defineProperty(value, fc.toStringMethod, { value: () => shown });
}

/** Text with a special meaning to some parser. */
export const trickyText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 40 }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...[
        '',
        ' ',
        '0',
        '-1',
        '1e9',
        'null',
        '123456',
        '１２３４５６',
        '__proto__',
        'constructor',
        'toString',
        '\0',
        '\ud800',
      ],
      ...[
        '../..',
        '//evil.example',
        '%00',
        '%ff',
        '\r\nx: y',
        '${7*7}',
        "' OR 1=1 --",
        '<script>',
        '\u202e',
        '[object Object]',
      ],
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 30_000 }).map((length) => 'x'.repeat(length)) },
);

/** Any JSON value, including values that are hard to traverse or stringify. */
export const trickyJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: trickyText },
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(
      null,
      true,
      0,
      -1,
      1e308,
      [],
      {},
      [null],
      { toString: 1 },
      { length: 6 },
      { $ne: null },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}').map(parse),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 1, max: 1000 }), fc.boolean())
      .map(([depth, isList]) => nested(depth, isList)),
  },
);

function parse(json: string): unknown {
  return JSON.parse(json);
}

/** A change of one value within JSON: replaced, damaged byte by byte, or removed. */
export type JsonChange = { at: number } & (
  { to: unknown } | { bytes: Damage } | { text: Damage } | { leaveOut: true }
);

export const jsonChange: fc.Arbitrary<JsonChange> = fc
  .tuple(
    fc.nat({ max: 1000 }),
    fc.oneof(
      trickyJson.map((to) => ({ to })),
      // Most values that matter are base64url.
      { weight: 3, arbitrary: damage.map((one) => ({ bytes: one })) },
      damage.map((one) => ({ text: one })),
      fc.constant({ leaveOut: true as const }),
    ),
  )
  .map(([at, change]) => ({ at, ...change }));

/** A copy of a JSON object with one value changed. */
export function changed(json: object, change: JsonChange): Record<string, unknown> {
  const copy = structuredClone(json) as Record<string, unknown>;
  const places = placesIn(copy);
  const [holder, key] = places[change.at % places.length] as [Record<string, unknown>, string];
  const value = holder[key];
  if ('leaveOut' in change) delete holder[key];
  else if ('to' in change) holder[key] = change.to;
  else if (typeof value !== 'string') holder[key] = null;
  else if ('text' in change) holder[key] = damagedText(value, change.text);
  else holder[key] = damaged(Buffer.from(value, 'base64url'), change.bytes).toString('base64url');
  return copy;
}

function placesIn(value: object): [holder: object, key: string][] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => [
    [value, key] as [object, string],
    ...(typeof inner === 'object' && inner !== null ? placesIn(inner) : []),
  ]);
}
