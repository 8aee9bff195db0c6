// Replays histories on workflow code that is not this build's: prints the results as JSON. Arguments: its entry, a place.
import { historyFiles } from '../../client/offline/histories.ts';
import { replay } from '../../client/offline/replay.ts';

const [workflowsPath = '', place = ''] = process.argv.slice(2);
const files = (await historyFiles(place)) ?? [];
process.stdout.write(JSON.stringify(await replay(files, { workflowsPath })));
