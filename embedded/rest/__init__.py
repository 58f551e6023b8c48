"""PostgREST's dialect: a request becomes one SQL statement, and Postgres's own JSON the answer.

service ─▶ headers, payload, parser ─▶ syntax     what is asked
        ─▶ plan ─▶ schema                         what that means in this database
        ─▶ actions ─▶ sql, write, calls           the statement, and its answer
           cache ─▶ catalog ─▶ schema             what the database holds
           errors                                 what every step may raise
"""

from embedded.rest.service import Rest

__all__ = ["Rest"]
