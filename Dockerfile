# The pool in a container: docker build --tag lodebook .
#
# It runs on a read-only root filesystem, as a user without rights, and writes to /var/lib/lodebook alone: mount a volume
# there. A configuration file, when there is one, is /etc/lodebook/lodebook.toml. docker-compose.yml has the rest of the pool.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The optional packages are Node itself, for machines without the right one. This image is Node.
RUN npm ci --omit=dev --omit=optional --ignore-scripts
COPY LICENSE ./
COPY domain ./domain
COPY projections ./projections
COPY adapters ./adapters
COPY src ./src
# Whatever the umask of the checkout was: everybody may read it, nobody may write it.
RUN rm package-lock.json .npmrc && chmod -R a+rX,go-w .

FROM node:24.21.0-bookworm-slim
COPY --from=build /app /app
# The data directory belongs to the image's user "node", and with it a new volume mounted there.
RUN install -d -o node -g node -m 750 /var/lib/lodebook && ln -s /app/src/cli/lodebook.js /usr/local/bin/lodebook
# In a container only the port that is published is reachable, so the dashboard listens on every address in it.
ENV LODEBOOK_POOL_DATA_DIRECTORY=/var/lib/lodebook LODEBOOK_HTTP_HOST=0.0.0.0
WORKDIR /etc/lodebook
# "node", as numbers, so that others can see it is not root.
USER 1000:1000
# Miners, dashboard.
EXPOSE 5550 8080
# /healthz on the dashboard's port, over TLS when that is on. By Node: the image has no curl.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["node", "-e", "\
  const { LODEBOOK_HTTP_PORT: port, LODEBOOK_HTTP_TLS_KEY_FILE: tls } = process.env;\
  const where = { host: '127.0.0.1', port: port || 8080, path: '/healthz', rejectUnauthorized: false, timeout: 3000 };\
  require(tls ? 'https' : 'http').get(where, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))\
    .on('timeout', () => process.exit(1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=8", "/app/src/cli/main.ts"]
CMD ["run"]
