import { createServer } from 'node:http';
import { basket } from './lib/basket.js';
import { pageOf } from './lib/page.js';

const port = Number(process.env.PORT ?? 3000);

createServer((request, response) => {
  if (request.url === '/healthz') return response.end('ok\n');
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(pageOf(basket));
}).listen(port, '127.0.0.1', () => console.log(`The shop is open on port ${port}.`));
