// gatehouse as in production (`createWorker`, its configuration from its own variables), over a world that costs nothing.
import { serve } from '../serve.ts';
import { benchPorts } from './ports.ts';

await serve(benchPorts());
