/** As much of GitHub's API as the action uses, in memory, with GitHub's limits; and told to fail on request. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const repository = "octo-org/platform";
export const githubToken = "ghs_stand_in_token_0123456789";
export const ownLogin = "github-actions[bot]";

export interface User {
  readonly login: string;
  readonly type: "User" | "Bot";
}

export interface Comment {
  readonly id: number;
  readonly user: User;
  body: string;
  readonly html_url: string;
}

export interface Issue {
  readonly number: number;
  readonly user: User;
  readonly title: string;
  body: string;
  state: "open" | "closed";
  state_reason?: string;
  readonly pull_request?: object;
}

interface Fault {
  readonly method: string;
  readonly path: RegExp;
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** The request takes effect, and only its answer is lost. */
  readonly after?: boolean;
}

export interface GithubStandIn {
  readonly url: string;
  readonly comments: Map<number, Comment[]>;
  readonly issues: Issue[];
  /** By commit. */
  readonly pulls: Map<string, unknown[]>;
  /** The repository that a pull request comes from, by its number; null where that was deleted. */
  readonly heads: Map<number, string | null>;
  readonly requests: string[];
  /** Files of the repository, by `PATH@COMMIT`. */
  readonly contents: Map<string, string>;
  /** Each strikes once, the first that fits. */
  readonly faults: Fault[];
  addComment(number: number, user: User, body: string): Comment;
  addIssue(issue: Pick<Issue, "user" | "title" | "body"> & { readonly pull_request?: object }): Issue;
  close(): Promise<void>;
}

const bot: User = { login: ownLogin, type: "Bot" };
const mostCharacters = 65_536;

type Answer = readonly [status: number, body: unknown];
const notFound: Answer = [404, { message: "Not Found" }];

const bodyOf = async (request: IncomingMessage): Promise<Record<string, string>> => {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  // The action sends flat objects of strings.
  return text === "" ? {} : (JSON.parse(text) as Record<string, string>);
};

const page = (items: readonly unknown[], query: URLSearchParams): Answer => {
  const size = Math.min(100, Number(query.get("per_page") ?? 30));
  const first = (Number(query.get("page") ?? 1) - 1) * size;
  return [200, items.slice(first, first + size)];
};

export const startGithub = async (): Promise<GithubStandIn> => {
  let nextId = 1000;
  const github = {
    url: "",
    comments: new Map<number, Comment[]>(),
    issues: [] as Issue[],
    pulls: new Map<string, unknown[]>(),
    heads: new Map<number, string | null>(),
    contents: new Map<string, string>(),
    requests: [] as string[],
    faults: [] as Fault[],
    addComment: (number: number, user: User, body: string): Comment => {
      const id = nextId++;
      const comment = { id, user, body, html_url: `https://github.example/${number}#issuecomment-${id}` };
      github.comments.set(number, [...(github.comments.get(number) ?? []), comment]);
      return comment;
    },
    addIssue: (issue: Pick<Issue, "user" | "title" | "body"> & { readonly pull_request?: object }): Issue => {
      const made: Issue = { ...issue, number: nextId++, state: "open" };
      github.issues.push(made);
      return made;
    },
    close: (): Promise<void> =>
      new Promise((settle) => {
        server.closeAllConnections();
        server.close(() => settle());
      }),
  };

  const answer = (
    method: string,
    path: string,
    query: URLSearchParams,
    body: Record<string, string>,
  ): Answer => {
    if (path === "/graphql") return [200, { data: { viewer: { login: ownLogin } } }];
    const rest = path.replace(`/repos/${repository}`, "");
    if (rest === path) return notFound;
    if ((body.body?.length ?? 0) > mostCharacters)
      return [422, { message: "Validation Failed: body is too long (maximum is 65536 characters)" }];
    if (rest.startsWith("/contents/")) {
      const name = decodeURIComponent(rest.slice("/contents/".length));
      const text = github.contents.get(`${name}@${query.get("ref")}`);
      if (text === undefined) return notFound;
      return [200, { type: "file", encoding: "base64", content: Buffer.from(text).toString("base64") }];
    }
    const number = Number(/\/(\d+)/.exec(rest)?.[1]);
    if (/^\/issues\/\d+\/comments$/.test(rest)) {
      if (method === "GET") return page(github.comments.get(number) ?? [], query);
      return [201, github.addComment(number, bot, body.body ?? "")];
    }
    if (/^\/issues\/comments\/\d+$/.test(rest)) {
      const found = [...github.comments.values()].flat().find(({ id }) => id === number);
      if (found === undefined || found.user.login !== ownLogin) return [403, { message: "Forbidden" }];
      found.body = body.body ?? "";
      return [200, found];
    }
    if (rest === "/issues") {
      if (method === "GET")
        return page(
          github.issues.filter(({ state }) => state === "open"),
          query,
        );
      return [201, github.addIssue({ user: bot, title: body.title ?? "", body: body.body ?? "" })];
    }
    if (/^\/issues\/\d+$/.test(rest)) {
      const found = github.issues.find((one) => one.number === number);
      if (found === undefined) return notFound;
      Object.assign(found, body);
      return [200, found];
    }
    const from = /^\/pulls\/\d+$/.test(rest) ? github.heads.get(number) : undefined;
    if (from !== undefined) return [200, { number, head: { repo: from && { full_name: from } } }];
    const commit = /^\/commits\/(\w+)\/pulls$/.exec(rest)?.[1];
    return commit === undefined ? notFound : page(github.pulls.get(commit) ?? [], query);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? "";
    const { pathname, searchParams } = new URL(request.url ?? "", "http://127.0.0.1");
    const body = await bodyOf(request);
    github.requests.push(`${method} ${pathname}`);
    const reply = (status: number, value: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify(value));
    };
    if (request.headers.authorization !== `Bearer ${githubToken}`)
      return reply(401, { message: "Bad credentials" });
    const at = github.faults.findIndex((fault) => fault.method === method && fault.path.test(pathname));
    const [fault] = at < 0 ? [] : github.faults.splice(at, 1);
    if (fault === undefined || fault.after === true) {
      const [status, value] = answer(method, pathname, searchParams, body);
      if (fault === undefined) return reply(status, value);
    }
    reply(fault.status, fault.body ?? { message: "told to fail" }, fault.headers);
  };

  const server: Server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  // `address()` of a server that listens on TCP is an object.
  github.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return github;
};
