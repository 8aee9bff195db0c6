FROM node:20.20-bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git \
  && rm -rf /var/lib/apt/lists/*
# The repositories under gate are mounted, and seldom belong to the user that we run as: git would refuse to read them.
RUN git config --system --add safe.directory '*'
WORKDIR /srv/gatehouse
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force
COPY workflows workflows
COPY activities activities
COPY worker worker
COPY client client
RUN mkdir -p /var/lib/gatehouse && chown node:node /var/lib/gatehouse
USER node
ENV NODE_ENV=production GATEHOUSE_DATA=/var/lib/gatehouse
STOPSIGNAL SIGTERM
CMD ["node", "--import", "tsx", "worker/main.ts"]
