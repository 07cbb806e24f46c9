import Environment from '../../test/support/environment.mjs';
import { current, switches } from './current.mjs';

/** The tests of a file in source order. */
function testsOf(block) {
  return block.children.flatMap((child) => (child.type === 'test' ? [child] : testsOf(child)));
}

/** Removes the tests that aren't in the list, and blocks without any of them, whose hooks may be slow. */
function choose(block, chosen) {
  const kept = block.children.filter((child) =>
    child.type === 'test' ? keepTest(child, chosen) : choose(child, chosen),
  );
  if (kept.length === 0) block.mode = 'skip';
  return kept.length > 0;
}

function keepTest(test, chosen) {
  const isKept = chosen.has(test);
  if (!isKept) test.mode = 'skip';
  return isKept;
}

/** The suite's environment, in which a mutant can be active and tests can be selected. */
export default class MutationEnvironment extends Environment {
  constructor(config, context) {
    super(config, context);
    this.global.__stryker__ = switches;
  }

  handleTestEvent(event, state) {
    switch (event.name) {
      case 'run_start':
        return this.begin(state);
      case 'test_start':
        return void (switches.currentTestId = String(this.tests.indexOf(event.test)));
      case 'hook_failure':
        return this.fail(event.test ?? null, event.error);
      case 'test_fn_failure':
        return this.fail(event.test, event.error);
      case 'test_done':
        return this.note(event.test);
      case 'error':
        return this.fail(null, event.error);
      case 'run_finish':
        return void (switches.currentTestId = 'load');
      default:
    }
  }

  begin(state) {
    this.tests = testsOf(state.rootDescribeBlock);
    current.names = this.tests.map(nameOf);
    if (current.tests)
      choose(state.rootDescribeBlock, new Set(current.tests.map((place) => this.tests[place])));
    switches.currentTestId = 'hooks';
  }

  note(test) {
    current.durations[this.tests.indexOf(test)] = test.duration ?? 0;
    const [error] = test.errors;
    if (error) this.fail(test, error);
    switches.currentTestId = 'hooks';
  }

  fail(test, error) {
    current.failure ??= { test: test ? this.tests.indexOf(test) : -1, message: messageOf(error) };
    if (!current.stopsEarly) return;
    for (const one of this.tests ?? []) if (one !== test) one.mode = 'skip';
  }
}

function nameOf(test) {
  const names = [];
  for (let one = test; one.parent; one = one.parent) names.unshift(one.name);
  return names.join(' › ');
}

function messageOf(error) {
  const [first] = [error].flat();
  return String(first?.message ?? first).slice(0, 300);
}
