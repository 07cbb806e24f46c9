import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { Catch, Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { throwError } from 'rxjs';

import type { MfaException } from '../core/errors/mfa-exception.js';
import { MfaMessageException } from './transport-exceptions.js';

interface WsClient {
  readyState?: unknown;
  send?(text: string): void;
  emit?(event: string, payload: unknown): unknown;
}

/**
 * Answers messages that the guard refused. It comes with the guard, since gateways, and hybrid applications by default, ask
 * no filter of the application, and Nest itself shows no error but those of its own classes.
 */
@Injectable()
@Catch(MfaMessageException)
class RefusedMessageFilter implements ExceptionFilter {
  catch(exception: MfaMessageException, host: ArgumentsHost): Observable<never> | undefined {
    return answerMessage(exception, host);
  }
}

export const REFUSED_MESSAGE_FILTER = new RefusedMessageFilter();

/** Sends the refusal as Nest sends its own: the event `exception` to a WebSocket, the error of the answer elsewhere. */
export function answerMessage(exception: MfaException, host: ArgumentsHost): Observable<never> | undefined {
  const error = { status: 'error', ...(exception.getResponse() as object) };
  if (host.getType() === 'rpc') return throwError(() => error);
  const ws = host.switchToWs();
  const client = ws.getClient<WsClient>();
  // The event of the message, for clients that have several under way.
  const payload = { ...error, cause: { pattern: ws.getPattern() } };
  // A plain WebSocket has an `emit` as well, but it talks to nobody but the server's own listeners.
  if (typeof client.readyState === 'number') {
    client.send?.(JSON.stringify({ event: 'exception', data: payload }));
  } else {
    client.emit?.('exception', payload);
  }
  return undefined;
}
