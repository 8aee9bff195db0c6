import { pageAddress } from '../../../client/http/page-address.ts';

it.each<[Parameters<typeof pageAddress>[0], string, string | undefined]>([
  [{}, 'run/default/A-1', 'http://127.0.0.1:8080/runs/default/A-1'],
  [{ GATEHOUSE_HTTP_PORT: 9_000 }, 'run/web/A', 'http://127.0.0.1:9000/runs/web/A'],
  [{ GATEHOUSE_URL: 'https://gate.example' }, 'run/web/A', 'https://gate.example/runs/web/A'],
  [
    { GATEHOUSE_URL: 'https://gate.example', GATEHOUSE_HTTP_PORT: 'off' },
    'run/web/A',
    'https://gate.example/runs/web/A',
  ],
  [{ GATEHOUSE_HTTP_PORT: 'off' }, 'run/web/A', undefined],
  [{}, 'release/default/A', undefined],
])('with %j the page of %s is at %s', (variables, workflowId, expected) => {
  expect(pageAddress(variables, workflowId)).toBe(expected);
});
