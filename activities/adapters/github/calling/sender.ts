import { Octokit } from '@octokit/core';
import type { Endpoints, RequestParameters } from '@octokit/types';
import type { Transport } from '../../hosted/transport.ts';
import type { Addresses } from '../addresses.ts';

export type Route = keyof Endpoints;
export type Parameters<Of extends Route> = Endpoints[Of]['parameters'] & RequestParameters;

/** Sent with every call. https://docs.github.com/rest/about-the-rest-api/api-versions */
const API_VERSION = '2022-11-28';
const USER_AGENT = 'gatehouse';

export interface Sending {
  /** The name under which calls wait together. */
  as: string;
  /** The value of the header. Undefined: anonymous. */
  authorization?: string | undefined;
  expected?: readonly number[] | undefined;
  /** Follows redirects only within the same host, because the body has a secret. */
  stay?: boolean | undefined;
}

/** An answer that is a success, or an expected status. */
export interface Sent {
  status: number;
  link: string | undefined;
  data: unknown;
  /** The call, for people. */
  call: string;
}

/** Sends one request to GitHub's REST API. Octokit knows the routes, the transport knows what answers mean. */
export class Sender {
  private readonly octokit: Octokit;

  constructor(
    readonly transport: Transport,
    private readonly addresses: Addresses,
  ) {
    const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
    this.octokit = new Octokit({ baseUrl: addresses.api, userAgent: USER_AGENT, log: quiet });
  }

  async send<Of extends Route>(route: Of, parameters: Parameters<Of>, sending: Sending): Promise<Sent> {
    const { as, authorization, expected, stay } = sending;
    const headers = { 'x-github-api-version': API_VERSION, ...(authorization !== undefined && { authorization }) };
    const fetch = this.transport.fetchFor({ as, expected });
    const options: RequestParameters = {
      ...parameters,
      headers: { ...headers, ...parameters.headers },
      request: { fetch, ...(stay && { redirect: 'error' }) },
    };
    try {
      const { status, headers: answered, data } = await this.octokit.request(String(route), options);
      return { status, link: answered.link, data: data === '' ? undefined : data, call: route };
    } catch (error) {
      const { cause, response } = error as { cause?: unknown; response?: { status: number; data: unknown } };
      if (response && expected?.includes(response.status)) {
        return { status: response.status, link: undefined, data: response.data, call: route };
      }
      throw cause instanceof Error ? cause : error;
    }
  }

  /** One question to the GraphQL API. Its errors are part of the answer. */
  async graphql(query: string, variables: object, { as, authorization }: Sending): Promise<unknown> {
    const { body } = await this.transport.ask({
      as: `${as} graphql`,
      method: 'POST',
      url: this.addresses.graphql,
      headers: {
        'user-agent': USER_AGENT,
        'x-github-api-version': API_VERSION,
        ...(authorization !== undefined && { authorization }),
      },
      body: { query, variables },
    });
    return body;
  }

  /** A text without a form, such as a log. Undefined: it is not there any more. */
  async text(path: string, { as, authorization }: Sending): Promise<string | undefined> {
    const { status, body } = await this.transport.ask({
      as,
      method: 'GET',
      url: `${this.addresses.api}${path}`,
      headers: {
        'user-agent': USER_AGENT,
        'x-github-api-version': API_VERSION,
        ...(authorization !== undefined && { authorization }),
      },
      read: 'text',
      expected: [404, 410],
    });
    return status === 200 ? String(body) : undefined;
  }
}
