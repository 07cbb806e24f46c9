import type { ComponentChildren, VNode } from 'preact';

/** One line of what is known of something, in a `<dl>`. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
