const because = (reason: string, ...ids: string[]): [string, string][] => ids.map((id) => [id, reason]);
const from = (letter: string, first: number, last: number, digits = 3): string[] =>
  Array.from({ length: last - first + 1 }, (_, n) => `${letter}-${String(first + n).padStart(digits, '0')}`);

/** Cases of the original that cannot apply here, with the reasons. DESIGN lists the deliberate deviations. */
export const NEVER: Readonly<Record<string, string>> = Object.fromEntries([
  ...because('the reviewer always exists: a run starts only if every role has a command', 'A-017', 'A-018'),
  ...because('reviews exist only in a run, which is their only writer', 'A-026', 'A-028'),
  ...because('a task has a title, and no linked documents or issues', 'A-050', 'A-051', 'A-061', 'A-073'),
  ...because('a run knows only its own task', 'A-074'),
  ...because('there is no user interface of our own: people use Temporal’s Web UI', 'A-075', 'A-076'),
  ...because(
    'there is no incident tool: on-call writes an assessment, and a person is notified',
    ...from('A', 106, 111),
  ),
  ...because(
    'tasks do not configure test infrastructure: the tester gets the live environment, or a checkout',
    ...from('A', 121, 130),
    'A-134',
    'A-135',
    'A-189',
    'E-22',
  ),
  ...because('there is no store of pipelines: each run is started with its pipeline', 'A-155'),
  ...because('"when" without a threshold is refused before anything starts (A-153)', 'A-159'),
  ...because('there is no store of presets: the policy comes with the start', 'A-178'),
  ...because('a job’s output is reported unchanged; its gate parses it', 'A-182'),
  ...because('an agent decides how it works: its command is a black box with limits (A-196)', 'A-197'),
  ...because(
    'environments come from the repository’s own command; there is no provider over HTTP yet',
    'A-201',
    ...from('A', 203, 210),
  ),
  ...because('there is no chat adapter: a webhook gets every notice as data', 'A-218', 'A-219', 'A-222'),
  ...because('a run whose steps are all settled has succeeded, and is retried only with `retry --from`', 'A-228'),
  ...because('a step past the end is refused, not clamped', 'A-232'),
  ...because('there are no frames: a run is about a task', 'A-236'),
  ...because('nothing advances a run from outside: its workflow does', 'A-237', 'E-40'),
  ...because('one executor serves all roles', 'A-245'),
  ...because('each helper has a deadline of its own (`jobSeconds`)', 'N-32'),
]);
