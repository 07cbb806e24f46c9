import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';

const response = { getHeader: () => undefined, setHeader: () => undefined, headersSent: false };

/** A guard's execution context. It is new for each request, since the guard remembers what it has read for one. */
export function callOf(controller, { headers = {}, ...rest }) {
  const request = { headers, method: 'GET', url: '/', socket: {}, ip: '127.0.0.1', ...rest };
  const call = new ExecutionContextHost([request, response], controller, controller.prototype.get);
  call.setType('http');
  return call;
}
