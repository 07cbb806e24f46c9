import type { ArgumentsHost } from '@nestjs/common';

import { SideTable } from '../core/objects/side-table.js';

interface GraphQLContext {
  req?: { headers?: unknown; res?: object; extra?: { request?: unknown } };
  res?: object;
}

/**
 * What carries headers and user: the HTTP request, the `req` of a GraphQL context, the handshake of a WebSocket. A message
 * has nothing of the kind; what it says of itself proves nothing.
 */
export function findRequest(host: ArgumentsHost): object | undefined {
  return asObject(lookUp(host));
}

function lookUp(host: ArgumentsHost): unknown {
  switch (host.getType<string>()) {
    case 'http':
      return host.switchToHttp().getRequest<unknown>();
    case 'graphql': {
      const req = host.getArgByIndex<GraphQLContext | undefined>(2)?.req;
      // For graphql-ws Nest puts that library's own context there, which holds the request that opened the connection.
      return req?.extra && !req.headers ? req.extra.request : req;
    }
    case 'ws':
      return host.switchToWs().getClient<{ handshake?: unknown }>().handshake;
    default:
      return undefined;
  }
}

/** The response to write headers to, where there is one that still takes them. */
export function findResponse(host: ArgumentsHost): object | undefined {
  switch (host.getType<string>()) {
    case 'http':
      return host.switchToHttp().getResponse<object>();
    case 'graphql': {
      const context = host.getArgByIndex<GraphQLContext | undefined>(2);
      const response = (context?.res ?? context?.req?.res) as { headersSent?: boolean } | undefined;
      return response?.headersSent ? undefined : response;
    }
    default:
      return undefined;
  }
}

/**
 * What the guards ask once for: the HTTP request, the operation of GraphQL with all its fields, the message. Request objects
 * outside HTTP may serve many of these, and what was read for one is stale for the next.
 */
export function operationOf(host: ArgumentsHost): object {
  if (host.getType<string>() !== 'graphql') return executionOf(host);
  // Made anew each time an operation is executed, and the same for all its fields.
  const info = asObject(host.getArgByIndex<unknown>(3)) as { variableValues?: unknown } | undefined;
  return asObject(info?.variableValues) ?? executionOf(host);
}

/** One call of one handler: the same object for all its guards and interceptors. */
export function executionOf(host: ArgumentsHost): object {
  const request = host.getType() === 'http' ? asObject(host.switchToHttp().getRequest<unknown>()) : undefined;
  // Contexts that are made by hand, as in unit tests, need not have arguments.
  return request ?? (host as Partial<ArgumentsHost>).getArgs?.() ?? {};
}

const judged = new SideTable<object, object>();

/** Keeps the request that a guard judged, where it is another than {@link findRequest} finds. */
export function keepRequest(host: ArgumentsHost, request: object): void {
  if (findRequest(host) === request) return;
  const carrier = carrierOf(host);
  if (carrier) judged.set(carrier, request);
}

/** The request that the guard judged, else the one that is found. */
export function requestOf(host: ArgumentsHost): object | undefined {
  const carrier = carrierOf(host);
  return (carrier && judged.get(carrier)) ?? findRequest(host);
}

/** What belongs to this message or request alone, and is the same for a guard and a parameter of the handler. */
function carrierOf(host: ArgumentsHost): object | undefined {
  return asObject(lookUpCarrier(host));
}

function lookUpCarrier(host: ArgumentsHost): unknown {
  switch (host.getType<string>()) {
    case 'http':
      return host.switchToHttp().getRequest<unknown>();
    case 'graphql':
      return host.getArgByIndex<unknown>(2);
    case 'ws':
      return host.switchToWs().getData<unknown>();
    case 'rpc':
      return host.switchToRpc().getContext<unknown>();
    default:
      return undefined;
  }
}

function asObject(value: unknown): object | undefined {
  return typeof value === 'object' && value !== null ? value : undefined;
}
