import type { ComponentChildren, VNode } from 'preact';

/** A row of details in a `<dl>`. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
