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
 * Responds to messages that the guard refused. The guard brings it along, since gateways and, by default, hybrid
 * applications use none of the application's filters, and Nest itself only exposes errors of its own classes.
 */
@Injectable()
@Catch(MfaMessageException)
class RefusedMessageFilter implements ExceptionFilter {
  catch(exception: MfaMessageException, host: ArgumentsHost): Observable<never> | undefined {
    return answerMessage(exception, host);
  }
}

export const REFUSED_MESSAGE_FILTER = new RefusedMessageFilter();

/**
 * Sends a refusal the way Nest sends its own errors: as the event `exception` to a WebSocket, as the response's error
 * elsewhere.
 */
export function answerMessage(exception: MfaException, host: ArgumentsHost): Observable<never> | undefined {
  const error = { status: 'error', ...(exception.getResponse() as object) };
  if (host.getType() === 'rpc') return throwError(() => error);
  const ws = host.switchToWs();
  const client = ws.getClient<WsClient>();
  // The event name of the message, for clients with several in flight.
  const payload = { ...error, cause: { pattern: ws.getPattern() } };
  // A plain WebSocket has an `emit` too, but it only reaches the server's own listeners.
  if (typeof client.readyState === 'number') {
    client.send?.(JSON.stringify({ event: 'exception', data: payload }));
  } else {
    client.emit?.('exception', payload);
  }
  return undefined;
}
