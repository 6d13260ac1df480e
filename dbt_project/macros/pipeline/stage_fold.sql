{#-
    What each subject's moves come to: one row per subject and track with `taken`, the numbers of the moves that took
    place, in order. A move takes place where its subject stands in one of the stages that it moves from, not yet in
    the one that it moves to, and was not moved by the same fact already.
    `moves` is a relation with the columns of fct_stage_moves. The live path and the questions about a past moment
    fold by this alone. The step is written with an arrow since sqlfluff reads no `lambda` of two parameters.
-#}
{% macro stage_fold(moves) -%}
    select
        tenant_id,
        subject,
        subject_id,
        track,
        list_reduce(
            list(
                {
                    'place': concat_ws('.', pipeline, stage),
                    'only_from': only_from,
                    'cause': thing_key,
                    'taken': [move_number]
                }
                order by move_number
            ),
            (held, move) -> if(
                (len(move['only_from']) = 0 or list_contains(move['only_from'], coalesce(held['place'], 'none')))
                and coalesce(held['place'], 'none') <> move['place']
                and coalesce(held['cause'], 'none') <> move['cause'],
                {
                    'place': move['place'],
                    'only_from': held['only_from'],
                    'cause': move['cause'],
                    'taken': list_concat(held['taken'], move['taken'])
                },
                held
            ),
            {
                'place': cast(null as varchar),
                'only_from': cast([] as varchar []),
                'cause': cast(null as varchar),
                'taken': cast([] as bigint [])
            }
        )['taken'] as taken
    from (
        -- What changes nothing changes nothing twice: a hundred texts in a row are one move. It would the second time
        -- where the first was one of several moves of its fact.
        select *
        from (
            select *
            from {{ moves }}
            -- Several deliveries can tell of one thing; the first of them is what moves.
            qualify row_number() over (
                partition by tenant_id, subject, subject_id, track, pipeline, stage, thing_key order by move_number
            ) = 1
        ) as told_first
        window so_far as (partition by tenant_id, subject, subject_id, track order by move_number)
        qualify
            coalesce(row(pipeline, stage, only_from) <> lag(row(pipeline, stage, only_from)) over so_far, true)
            or lag(thing_key) over so_far = lag(thing_key, 2) over so_far
    ) as changing
    group by tenant_id, subject, subject_id, track
{%- endmacro %}
