# The package, made from these sources as `npm pack` makes it.
FROM node:20.20-bookworm-slim AS package
WORKDIR /srv/source
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY workflows workflows
COPY activities activities
COPY worker worker
COPY client client
# What `gatehouse --version` names: --build-arg GATEHOUSE_COMMIT="$(git rev-parse --short HEAD)"
ARG GATEHOUSE_COMMIT=
RUN npm pack --pack-destination /srv && tar --extract --gzip --file /srv/*.tgz --directory /srv

FROM node:20.20-bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates git \
  && rm -rf /var/lib/apt/lists/*
# The repositories under gate are mounted, and seldom belong to the user that we run as: git would refuse to read them.
RUN git config --system --add safe.directory '*'
WORKDIR /srv/gatehouse
COPY --from=package /srv/package ./
# Its libraries, in the versions that it was tested with.
COPY package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force \
  && ln -s /srv/gatehouse/client/cli/gatehouse.mjs /usr/local/bin/gatehouse
RUN mkdir -p /var/lib/gatehouse && chown node:node /var/lib/gatehouse
USER node
ENV NODE_ENV=production GATEHOUSE_DATA=/var/lib/gatehouse
STOPSIGNAL SIGTERM
CMD ["node", "--enable-source-maps", "dist/package/worker.js"]
