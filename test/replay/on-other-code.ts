// Replays histories on the workflow code of another build, and prints the results as JSON. Arguments: the bundle, a
// folder.
import { historyFiles } from '../../client/offline/histories.ts';
import { replay } from '../../client/offline/replay.ts';

const [codePath = '', place = ''] = process.argv.slice(2);
const files = (await historyFiles(place)) ?? [];
process.stdout.write(JSON.stringify(await replay(files, { codePath })));
