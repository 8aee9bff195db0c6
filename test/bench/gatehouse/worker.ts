// gatehouse as in production (`createWorker`, its configuration from its own variables), over ports that cost nothing.
import { serve } from '../serve.ts';
import { benchPorts } from './ports.ts';

await serve(benchPorts());
