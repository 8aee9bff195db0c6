import { z } from 'zod';
import { CredentialsRefused, PermissionMissing, RateLimited } from '../../hosted/failures.ts';
import type { Transport } from '../../hosted/transport.ts';
import type { Authorization, Credentials, Place } from './credentials.ts';
import type { Permissions } from './permissions.ts';
import { NEEDS } from './permissions.ts';
import type { Parameters, Route, Sender, Sending, Sent } from './sender.ts';

/** More pages than GitHub shows of anything that we list. */
const MOST_PAGES = 100;
const PER_PAGE = 100;
const LIMITED_MS = 60_000;

/** What a call is about. */
export interface About {
  at: Place;
  needs: Permissions;
  expected?: readonly number[];
  /** False: the token of an App is not narrowed to the repository, because its present name is what is asked. */
  narrow?: boolean;
  stay?: boolean;
}

const Named = z.record(z.string(), z.unknown());
const GraphqlAnswer = z.object({
  data: z.unknown(),
  errors: z.array(z.object({ type: z.string().optional(), message: z.string() })).optional(),
});
export type GraphqlError = { type?: string | undefined; message: string };

/** Calls to GitHub with credentials: one answer, all pages of a list, a question to GraphQL. Answers are checked. */
export class Calls {
  constructor(
    readonly sender: Sender,
    readonly credentials: Credentials,
  ) {}

  get transport(): Transport {
    return this.sender.transport;
  }

  /** One call. Credentials that are refused are made anew once. */
  async send<Of extends Route>(route: Of, parameters: Parameters<Of>, about: About): Promise<Sent> {
    const { expected, stay } = about;
    return this.authorized(about, (sending) => this.sender.send(route, parameters, { ...sending, expected, stay }));
  }

  /** The answer of one call, in this form. */
  async one<Of extends Route, Body>(
    schema: z.ZodType<Body>,
    route: Of,
    parameters: Parameters<Of>,
    about: About,
  ): Promise<Body> {
    const { data, call } = await this.send(route, parameters, about);
    return this.transport.fitting(schema, data, call);
  }

  /** The same for what may not be there. Undefined: 404, or another expected status. */
  async maybe<Of extends Route, Body>(
    schema: z.ZodType<Body>,
    route: Of,
    parameters: Parameters<Of>,
    about: About,
  ): Promise<Body | undefined> {
    const expected = about.expected ?? [404];
    const { status, data, call } = await this.send(route, parameters, { ...about, expected });
    return expected.includes(status) ? undefined : this.transport.fitting(schema, data, call);
  }

  /** All pages of a list. `list`: the field of the answer that has it. Undefined: an expected status. */
  async pages<Of extends Route, Each>(
    schema: z.ZodType<Each>,
    route: Of,
    parameters: Parameters<Of>,
    about: About & { list?: string },
  ): Promise<Each[] | undefined> {
    const { list } = about;
    const elements = (data: unknown, call: string): Each[] => {
      const found = list === undefined ? data : this.transport.fitting(Named, data, call)[list];
      return this.transport.fitting(z.array(schema), found, call);
    };
    const all: Each[] = [];
    let query: object = { per_page: PER_PAGE };
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const { status, data, link, call } = await this.send(route, { ...parameters, ...query }, about);
      if (about.expected?.includes(status)) return undefined;
      all.push(...elements(data, call));
      const next = nextOf(link);
      if (!next) break;
      query = { ...query, ...next };
    }
    return all;
  }

  /** The end of a text such as a log. Undefined: it is not there any more. */
  async text(path: string, about: About): Promise<string | undefined> {
    return this.authorized(about, (sending) => this.sender.text(path, sending));
  }

  /** A question to GraphQL. Expected errors are part of the answer. A limit and a missing right are failures. */
  async graphql<Body>(
    schema: z.ZodType<Body>,
    query: string,
    variables: object,
    about: About,
  ): Promise<{ data?: Body; errors: GraphqlError[] }> {
    const body = await this.authorized(about, (sending) => this.sender.graphql(query, variables, sending));
    const { data, errors = [] } = this.transport.fitting(GraphqlAnswer, body, 'POST /graphql');
    if (errors.some(({ type }) => type === 'RATE_LIMITED')) {
      throw new RateLimited('GitHub limits our questions to GraphQL.', { retryAfterMs: LIMITED_MS });
    }
    if (errors.length > 0) return { errors };
    return { data: this.transport.fitting(schema, data, 'POST /graphql'), errors };
  }

  private async authorized<Of>(about: About, calling: (sending: Sending) => Promise<Of>): Promise<Of> {
    const first = await this.authorization(about);
    try {
      return await calling(sendingOf(first));
    } catch (error) {
      if (!(error instanceof CredentialsRefused) || !this.credentials.renew(first)) throw error;
      for (const as of [first.as, `${first.as} graphql`]) this.transport.renewed(as);
      return calling(sendingOf(await this.authorization(about)));
    }
  }

  private authorization({ at, needs, narrow }: About): Promise<Authorization> {
    return this.credentials.of(at, { ...NEEDS.metadata, ...needs }, narrow === undefined ? {} : { narrow });
  }
}

const sendingOf = ({ as, token }: Authorization): Sending => ({ as, authorization: `Bearer ${token}` });

/** The parameters of the next page, as the header `link` has them. */
function nextOf(link: string | undefined): Record<string, string> | undefined {
  const next = /<([^<>]+)>;[^,]*\brel="next"/.exec(link ?? '')?.[1];
  if (next === undefined || !URL.canParse(next)) return undefined;
  const { searchParams } = new URL(next);
  const names = ['page', 'after', 'since', 'cursor'].filter((name) => searchParams.has(name));
  return Object.fromEntries(names.map((name) => [name, searchParams.get(name)!]));
}

/** What we may not see is unknown. */
export async function permitted<Of>(asking: Promise<Of>): Promise<Of | undefined> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof PermissionMissing) return undefined;
    throw error;
  }
}
