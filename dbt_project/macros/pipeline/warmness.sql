{#-
    Warmness at an instant: one row per contact that has points by then. A point of fact_points halves every half life,
    a type of fact counts up to its cap, and the sum is kept within 0 and 100.
    `points` is a relation with the columns of fct_warmness_points: what is known, and no thing twice.
-#}
{% macro warmness(points, instant) -%}
    select
        capped.tenant_id,
        capped.contact_id,
        round(least(greatest(sum(capped.component_points), 0), 100), 2) as score,
        list(
            {
                'component': capped.fact_type,
                'points': round(capped.component_points, 2),
                'count_facts': capped.count_facts,
                'last_at': capped.last_at
            }
            order by -abs(capped.component_points), capped.fact_type
        ) as components,
        max(capped.weights_version) as weights_version,
        max(capped.last_at) as last_activity_at
    from (
        select
            decayed.* exclude (decayed_points),
            least(
                greatest(
                    decayed.decayed_points,
                    -coalesce(scoring.fact_caps[decayed.fact_type], cast('infinity' as double))
                ),
                coalesce(scoring.fact_caps[decayed.fact_type], cast('infinity' as double))
            ) as component_points
        from (
            select
                points.tenant_id,
                points.contact_id,
                points.fact_type,
                sum(
                    points.points
                    * pow(0.5, (epoch({{ instant }}) - epoch(points.occurred_at)) / (86400 * scoring.half_life_days))
                ) as decayed_points,
                count(*) as count_facts,
                max(points.occurred_at) as last_at,
                max(points.weights_version) as weights_version
            from {{ points }} as points
            inner join {{ ref('dim_scoring') }} as scoring on points.tenant_id = scoring.tenant_id
            where points.occurred_at <= {{ instant }}
            group by points.tenant_id, points.contact_id, points.fact_type
        ) as decayed
        inner join {{ ref('dim_scoring') }} as scoring on decayed.tenant_id = scoring.tenant_id
    ) as capped
    group by capped.tenant_id, capped.contact_id
{%- endmacro %}

{#- A score in a word: "warm". -#}
{% macro warmness_words(score) -%}
    case
            when {{ score }} >= 75 then 'hot'
            when {{ score }} >= 40 then 'warm'
            when {{ score }} >= 15 then 'cool'
            else 'cold'
        end
{%- endmacro %}

{#- A span of time in its largest unit: "2 days", "1 hour", "5 minutes". -#}
{% macro span_words(seconds) -%}
    case
            when {{ seconds }} >= 2 * 86400 then concat({{ seconds }} // 86400, ' days')
            when {{ seconds }} >= 86400 then '1 day'
            when {{ seconds }} >= 2 * 3600 then concat({{ seconds }} // 3600, ' hours')
            when {{ seconds }} >= 3600 then '1 hour'
            when {{ seconds }} >= 120 then concat({{ seconds }} // 60, ' minutes')
            else '1 minute'
        end
{%- endmacro %}
