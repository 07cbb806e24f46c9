/** Injection token of the {@link ResourceServerConfig}. */
export const CONFIG = Symbol('resource-server:CONFIG');
