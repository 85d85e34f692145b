# The engine as an image. With DATABASE_URL (see docker-compose.yml) it keeps its ledger there; without, it brings
# its own PostgreSQL under /data. It never runs as root, and listens on loopback unless told otherwise.
FROM node:24-slim

ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app

COPY package.json package-lock.json ./
# The Node that npm installs for older machines is not needed here.
RUN npm ci --omit=dev && rm -rf node_modules/node-linux-* node_modules/.bin/node && npm cache clean --force

COPY bin ./bin
COPY src ./src
COPY samples ./samples
COPY channels ./channels
COPY mappings ./mappings

RUN install --directory --owner=node --group=node --mode=0711 /data
VOLUME /data
USER node

EXPOSE 3000 2575
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT || 3000}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]

CMD ["node", "--max-semi-space-size=8", "bin/openletter.mjs", "serve"]
