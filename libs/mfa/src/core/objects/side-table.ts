/** Keeps the value in a private field, which can't be listed, frozen, or seen through a proxy. */
class Note<V> {
  readonly #owner: object;
  #value: V;

  constructor(owner: object, value: V) {
    this.#owner = owner;
    this.#value = value;
  }

  /** Returns the thing if it is a note about this object. */
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
 * Attaches values to objects of others, such as requests, calls and users, like a `WeakMap`. The value is stored on the object
 * itself, hidden from anyone who lists, copies or serializes it. A `WeakMap` that every request enters is expensive: its table
 * grows with each one and is walked at every garbage collection.
 *
 * As with a `WeakMap`, only the object itself counts, not one that inherits from it, a proxy of it, or a copy. If the object
 * accepts no properties (frozen, or a proxy that refuses), a `WeakMap` is used after all.
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
    // Untyped callers may pass no object at all; nothing is known about that either.
    return Note.about(owner, (owner as Record<symbol, unknown> | undefined)?.[this.key]);
  }

  /**
   * Whether the value was attached. What a proxy or a copy got from another object's properties is left in place, and some
   * proxies report success without storing anything.
   */
  private attach(owner: K, value: V): boolean {
    return (
      !Object.hasOwn(owner, this.key) &&
      // Configurable, so that a proxy may return something else later.
      Reflect.defineProperty(owner, this.key, { value: new Note(owner, value), configurable: true }) &&
      this.noteOf(owner) !== undefined
    );
  }
}
