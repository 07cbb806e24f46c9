/** A class with more of them does two things; split it where the second one has a name. */
const MAX = 8;

/** An ESLint rule: no constructor with more than eight dependencies. */
export const fewDependencies = {
  meta: {
    type: 'problem',
    docs: { description: 'holds constructors to eight dependencies' },
    schema: [],
    messages: {
      many: '`{{name}}` has {{count}} dependencies, so it probably does two things: split it into parts that each deserve a name.',
    },
  },
  create(context) {
    return {
      'MethodDefinition[kind="constructor"]'(node) {
        const count = node.value.params.length;
        if (count <= MAX) return;
        const name = node.parent.parent.id?.name ?? 'This class';
        context.report({ node: node.key, messageId: 'many', data: { name, count } });
      },
    };
  },
};
