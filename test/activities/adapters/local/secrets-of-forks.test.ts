import { secretsOf } from '../../../../activities/adapters/local/command-executor/commands.ts';
import { parseConfiguration } from '../../../../activities/adapters/configuration/configuration.ts';

const read = parseConfiguration('secrets: { KEY: { env: ANTHROPIC, for: [agents] } }', {
  file: '/etc/gatehouse.yml',
  environment: { ANTHROPIC: 'secret-of-ana' },
});
const configuration = 'configuration' in read ? read.configuration : undefined;
const repository = 'https://forge.example/acme/shop';

it.each([
  [undefined, ['KEY'], { values: { KEY: 'secret-of-ana' } }],
  [true, ['KEY'], { missing: ['KEY, which nothing of a fork may have'] }],
  [true, [], { values: {} }],
])('an agent for a change whose fork is %s, with the secrets %j, gets %j', (fork, names, expected) =>
  expect(secretsOf(configuration!, names, { repository, fork })).toEqual(expected),
);
