/** In private fields, which no one lists, freezes or sees through a proxy. */
class Note<V> {
  readonly #owner: object;
  #value: V;

  constructor(owner: object, value: V) {
    this.#owner = owner;
    this.#value = value;
  }

  /** That thing, if it is a note about this object. */
  static about<V>(owner: object, thing: unknown): Note<V> | undefined {
    const isNote = typeof thing === 'object' && thing !== null && #owner in thing && thing.#owner === owner;
    return isNote ? (thing as unknown as Note<V>) : undefined;
  }

  get value(): V {
    return this.#value;
  }

  set value(value: V) {
    this.#value = value;
  }
}

/**
 * What is known of objects that belong to others, as a `WeakMap` knows it: requests, calls, users. The value lies on the object itself, out of
 * sight of whoever lists, copies or serializes it. A `WeakMap` that every request enters is dear: its table grows with each, and is walked
 * whenever garbage is collected.
 *
 * As with a `WeakMap`, only the very object counts: not one that inherits from it, a proxy of it, or a copy. Where the object takes no
 * properties (frozen, a proxy that refuses) it is kept in a `WeakMap` after all.
 */
export class SideTable<K extends object, V> {
  private readonly key = Symbol('nestjs-mfa');
  private elsewhere: WeakMap<K, V> | undefined;

  get(owner: K): V | undefined {
    const note = this.noteOf(owner);
    return note ? note.value : this.elsewhere?.get(owner);
  }

  set(owner: K, value: V): void {
    const note = this.noteOf(owner);
    if (note) note.value = value;
    else if (!this.attach(owner, value)) (this.elsewhere ??= new WeakMap<K, V>()).set(owner, value);
  }

  private noteOf(owner: K): Note<V> | undefined {
    // Untyped callers may have no object at all: of that nothing is known either.
    return Note.about(owner, (owner as Record<symbol, unknown> | undefined)?.[this.key]);
  }

  /** Whether it is there now: what a proxy or a copy has got with another object's properties stays, and some proxies say yes and mean no. */
  private attach(owner: K, value: V): boolean {
    return (
      !Object.hasOwn(owner, this.key) &&
      // Configurable, so that a proxy may go on giving something else.
      Reflect.defineProperty(owner, this.key, { value: new Note(owner, value), configurable: true }) &&
      this.noteOf(owner) !== undefined
    );
  }
}
