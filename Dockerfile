# postern in a container: one static binary, no shell, nobody's user.
#   docker build --build-arg VERSION=$(.ci/version.sh) --build-arg COMMIT=$(git rev-parse --short=12 HEAD) -t postern .
#   docker run --network host -v /etc/postern:/etc/postern:ro postern serve --config /etc/postern/postern.toml
# Several of them: contrib/compose, contrib/kubernetes.

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
ARG COMMIT=unknown
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$VERSION -X main.commit=$COMMIT" -o /out/postern ./cmd/postern
# What is in the binary, by module, version and licence.
RUN go run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0 bin -json -std -noserial -notimestamp -licenses -assert-licenses -version "$VERSION" -output /out/sbom.cdx.json /out/postern
RUN contrib/debian/licences.sh /out/postern > /out/licences.txt
# Attachments that need random access are spooled to /tmp and unlinked at once.
RUN mkdir -m 1777 /out/tmp && mkdir -m 0750 /out/log

FROM scratch
LABEL org.opencontainers.image.title="postern" \
      org.opencontainers.image.description="milter that keeps sensitive data out of plain e-mail" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/postern /postern
COPY --from=build /out/sbom.cdx.json /sbom.cdx.json
COPY --from=build /out/licences.txt /licences.txt
COPY --from=build /out/tmp /tmp
# For the audit log: mount a volume here.
COPY --from=build --chown=65532:65532 /out/log /var/log/postern
USER 65532:65532
EXPOSE 8892 9892
# Asks 127.0.0.1:9892. Where [http] listen is another, give a --health-cmd of your own.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/postern", "ready"]
ENTRYPOINT ["/postern"]
CMD ["serve"]
