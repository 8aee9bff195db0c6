import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PatientPerson } from '../../../client/local-stack/persons.ts';

let server: Server;
let url: string;
let page: string;
let acts: [string, object][];
beforeEach(async () => {
  server = createServer((_, response) => void response.end(page));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  acts = [];
});
afterEach(() => server.close());

const person = () =>
  new PatientPerson({
    act: async (_: string, action: string, said: object) => void acts.push([action, said]),
  } as never);
const run = (over: object) =>
  ({ workflowId: 'run/default/SHOP-1', status: 'parked', waitingOn: { what: 'person', detail: '', offers: [] }, ...over }) as never; // prettier-ignore
const tests = (visit: string) => run({ current: { visit, kind: 'human-test' }, environment: { url } });

describe('who acts as the person where a real agent plays', () => {
  it('confirms a page with the right amounts, whatever it looks like', async () => {
    page = '<b>Sum: EUR 56.97</b> VAT EUR 10.82 <i>EUR 67.79 to pay</i>';
    await person().lookAt(tests('3-human-test#1'));
    expect(acts).toEqual([['confirm', { by: 'the scripted person', visit: '3-human-test#1' }]]);
  });

  it('reports what is missing three times, and then gives up', async () => {
    page = 'Net EUR 56.97, total EUR 56.97';
    const ana = person();
    for (const n of [1, 1, 2, 3, 4]) await ana.lookAt(tests(`3-human-test#${n}`));
    expect(acts.map(([action]) => action)).toEqual(['requestFix', 'requestFix', 'requestFix', 'stop']);
    expect(acts[0]![1]).toMatchObject({ findings: expect.stringContaining('It lacks EUR 10.82, EUR 67.79.') });
    expect(ana.complaints).toEqual(['the page still lacks EUR 10.82, EUR 67.79']);
  });

  it('lets the run continue wherever else it parks', async () => {
    const offers = ['merge', 'reject', 'stop'];
    await person().lookAt(run({ current: { visit: '6-merger#1', kind: 'merger' }, waitingOn: { what: 'person', offers } })); // prettier-ignore
    expect(acts).toEqual([['merge', { by: 'the scripted person', visit: '6-merger#1' }]]);
  });

  it('does not wait for an agent that cannot work now', async () => {
    const waitingOn = { what: 'agent', detail: 'usage limit', nextLook: '2026-11-28T03:00:00Z', offers: [] };
    const ana = person();
    for (const status of ['running', 'running']) await ana.lookAt(run({ status, current: null, waitingOn }));
    expect([acts.length, ana.complaints]).toEqual([1, ['usage limit']]);
  });
});
