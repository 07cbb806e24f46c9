import type { Answer } from '../support/client.js';
import type { Action, Way } from './actions/action.js';
import { WAYS, wayOf } from './actions/action.js';

/** Counts which actions were asked for, in which way, and which of them were granted. */
export class Tally {
  private readonly asked = new Map<string, number>();
  private readonly granted = new Map<string, number>();

  note(action: Action, { status }: Answer): void {
    const name = nameOf(action.type, wayOf(action));
    this.asked.set(name, (this.asked.get(name) ?? 0) + 1);
    if (status < 400) this.granted.set(name, (this.granted.get(name) ?? 0) + 1);
  }

  count(way: Way): number {
    return typesOf(way).reduce((sum, type) => sum + (this.asked.get(nameOf(type, way)) ?? 0), 0);
  }

  /** What has never happened, in a way in which it can; of forms that are forged, those that nobody has tried. */
  get missing(): string[] {
    return (['json', 'page', 'forged form'] as const).flatMap((way) => {
      const counted = way === 'forged form' ? this.asked : this.granted;
      return typesOf(way)
        .map((type) => nameOf(type, way))
        .filter((name) => !counted.has(name));
    });
  }
}

const typesOf = (way: Way): Action['type'][] =>
  (Object.keys(WAYS) as Action['type'][]).filter((type) => WAYS[type].includes(way));

const nameOf = (type: string, way: Way): string => `${type} (${way})`;
