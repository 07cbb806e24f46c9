import type { ArgumentsHost } from '@nestjs/common';

import { SideTable } from '../core/objects/side-table.js';

interface GraphQLContext {
  req?: { headers?: unknown; res?: object; extra?: { request?: unknown } };
  res?: object;
}

/**
 * Finds the object that carries headers and user: the HTTP request, the `req` of a GraphQL context, or the handshake of
 * a WebSocket. Microservice messages have none; what a message claims about itself proves nothing.
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
      // With graphql-ws, Nest puts that library's own context here; it holds the request that opened the connection.
      return req?.extra && !req.headers ? req.extra.request : req;
    }
    case 'ws':
      return host.switchToWs().getClient<{ handshake?: unknown }>().handshake;
    default:
      return undefined;
  }
}

/** The response to write headers to, if there is one that still accepts them. */
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
 * What the guards judge once: the HTTP request, a GraphQL operation with all its fields, or the message. Outside HTTP a
 * request object may serve many of these, and what was read for one is stale for the next.
 */
export function operationOf(host: ArgumentsHost): object {
  if (host.getType<string>() !== 'graphql') return executionOf(host);
  // Created anew for each execution of an operation, and shared by all its fields.
  const info = asObject(host.getArgByIndex<unknown>(3)) as { variableValues?: unknown } | undefined;
  return asObject(info?.variableValues) ?? executionOf(host);
}

/** One call of one handler: the same object for all its guards and interceptors. */
export function executionOf(host: ArgumentsHost): object {
  const request = host.getType() === 'http' ? asObject(host.switchToHttp().getRequest<unknown>()) : undefined;
  // Hand-made contexts, as in unit tests, may have no arguments.
  return request ?? (host as Partial<ArgumentsHost>).getArgs?.() ?? {};
}

const judged = new SideTable<object, object>();

/** Keeps the request that a guard judged, if {@link findRequest} would find another. */
export function keepRequest(host: ArgumentsHost, request: object): void {
  if (findRequest(host) === request) return;
  const carrier = carrierOf(host);
  if (carrier) judged.set(carrier, request);
}

/** The request that the guard judged, otherwise the one found. */
export function requestOf(host: ArgumentsHost): object | undefined {
  const carrier = carrierOf(host);
  return (carrier && judged.get(carrier)) ?? findRequest(host);
}

/** An object that belongs to this message or request only, and is the same for a guard and a handler's parameter. */
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
