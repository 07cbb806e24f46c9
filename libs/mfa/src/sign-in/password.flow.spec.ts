import { describe, expect, it } from '@jest/globals';

import { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { PasswordFlow } from './password.flow.js';

class CheckingAdapter extends DefaultMfaAdapter {
  override checkPassword(): boolean {
    return false;
  }
}

describe('the password that is asked for again', () => {
  it('is asked for where the application answers the question, whatever it says', () => {
    const flowOf = (adapter: DefaultMfaAdapter) => new PasswordFlow({} as never, {} as never, adapter);
    expect(flowOf(new CheckingAdapter()).isAvailable).toBe(true);
    expect(flowOf(new (class extends CheckingAdapter {})()).isAvailable).toBe(true);
    expect(flowOf(new DefaultMfaAdapter()).isAvailable).toBe(false);
  });
});
