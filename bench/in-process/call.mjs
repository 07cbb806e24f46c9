import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';

const response = { getHeader: () => undefined, setHeader: () => undefined, headersSent: false };

/** What a guard is given at a request: a new one each time, for the guard remembers what it has read for one. */
export function callOf(controller, { headers = {}, ...rest }) {
  const request = { headers, method: 'GET', url: '/', socket: {}, ip: '127.0.0.1', ...rest };
  const call = new ExecutionContextHost([request, response], controller, controller.prototype.get);
  call.setType('http');
  return call;
}
