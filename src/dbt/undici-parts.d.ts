// The parts of undici that the client loads one by one: the whole package costs four times the start-up time,
// for a cache, a fetch and a WebSocket that nobody here uses. Types come from undici's own declarations.
declare module "undici/lib/dispatcher/agent.js" {
  import { Agent } from "undici";
  export default Agent;
}

declare module "undici/lib/dispatcher/dispatcher.js" {
  import { Dispatcher } from "undici";
  export default Dispatcher;
}

declare module "undici/lib/dispatcher/env-http-proxy-agent.js" {
  import { EnvHttpProxyAgent } from "undici";
  export default EnvHttpProxyAgent;
}

declare module "undici/lib/api/api-request.js" {
  import type { Dispatcher } from "undici";

  /** `Dispatcher.prototype.request`, to be called with the dispatcher as `this`. */
  const request: (
    this: Dispatcher,
    options: Dispatcher.DispatchOptions & { signal?: AbortSignal },
  ) => Promise<Dispatcher.ResponseData>;
  export default request;
}

declare module "undici/lib/api/api-connect.js" {
  import type { Dispatcher } from "undici";

  /** `Dispatcher.prototype.connect`, which a proxy's tunnel is opened with. */
  const connect: Dispatcher["connect"];
  export default connect;
}
