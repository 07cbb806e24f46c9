import type { VNode } from 'preact';

interface Props {
  /** The question, if there are several. */
  legend: string;
  authenticators: readonly { id: string; name: string }[];
}

/** Asks which authenticator is meant, if there are several. The field is `id`. */
export function ChooseOne({ legend, authenticators }: Props): VNode | null {
  const [first] = authenticators;
  if (!first) return null;
  if (authenticators.length === 1) {
    return (
      <>
        <p>
          <strong>{first.name}</strong>
        </p>
        <input type="hidden" name="id" value={first.id} />
      </>
    );
  }
  return (
    <fieldset>
      <legend>{legend}</legend>
      {authenticators.map(({ id, name }) => (
        <div class="mfa-check" key={id}>
          <input type="radio" id={id} name="id" value={id} required />
          <label for={id}>{name}</label>
        </div>
      ))}
    </fieldset>
  );
}
