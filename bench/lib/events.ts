/**
 * A log of a million events, from a fixed seed, as the service's CSV and as NDJSON: 3,000 people with four addresses each,
 * or 50,000 people with ten each.
 */
import { Random } from "./random.js";

const begin = Date.parse("2026-01-01T00:00:00Z");
/** A million of them in 90 days. */
const stepMs = 7_776;

/** Inside this the policy of the measurement allows; outside of it, it does not. */
export const eventsPolicy =
  "version: 1\nenforcement: enabled\nrules:\n  - { name: Office, type: allow, cidrs: [203.0.0.0/17] }\nlint: { special-purpose: off }\n";

interface Event {
  readonly id: string;
  readonly at: string;
  readonly person: number;
  readonly ip: string;
}

const hex = (word: number): string => word.toString(16).padStart(8, "0");

/** Who is seen where. */
type Crowd = (random: Random) => Pick<Event, "person" | "ip">;

export const few: Crowd = (random) => {
  const person = random.below(3_000);
  return { person, ip: `203.0.${person % 250}.${(person * 7 + random.below(4)) % 250}` };
};

/** No address is seen with two people. */
export const many: Crowd = (random) => {
  const person = random.below(50_000);
  const address = 10 * person + random.below(10);
  return { person, ip: `20.${address >>> 16}.${(address >>> 8) & 255}.${address & 255}` };
};

function* events(count: number, seed: number, crowd: Crowd): Generator<Event> {
  const random = new Random(seed);
  for (let index = 0; index < count; index += 1) {
    const [a, b, c, d] = [hex(index), hex(random.word()), hex(random.word()), hex(random.word())];
    yield {
      id: `${a}-${b.slice(0, 4)}-4${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${d}`,
      at: new Date(begin + index * stepMs).toISOString().replace("T", " ").replace("Z", "000+00:00"),
      ...crowd(random),
    };
  }
}

const lines = (count: number, seed: number, crowd: Crowd, line: (event: Event) => string): string => {
  const parts: string[] = [];
  for (const event of events(count, seed, crowd)) parts.push(line(event));
  return parts.join("");
};

const head =
  "account_id,actor_id,actor_ip,actor_name,actor_type,created_at,event_type,event_label,event_context,id,service,source\r\n";

export const eventsCsv = (count: number, seed: number, crowd: Crowd): string =>
  head +
  lines(
    count,
    seed,
    crowd,
    ({ id, at, person, ip }) =>
      `66847,${person},${ip},Person ${person},ACTOR_USER,${at},login.sso.succeeded,SSO Login Succeeded,"{""sso"":{""provider"":""okta""}}",${id},SERVICE_DBT_CLOUD,SOURCE_CLOUD_UI\r\n`,
  );

export const eventsNdjson = (count: number, seed: number, crowd: Crowd): string =>
  lines(
    count,
    seed,
    crowd,
    ({ id, at, person, ip }) =>
      `{"id":"${id}","account_id":66847,"source":"SOURCE_CLOUD_UI","service":"SERVICE_DBT_CLOUD","actor":{"id":${person},"ip":"${ip}","name":"Person ${person}","type":"ACTOR_USER"},"event_type":"login.sso.succeeded","event_label":"SSO Login Succeeded","event_context":{"sso":{"provider":"okta"}},"created_at":"${at}"}\n`,
  );
