{#-
    Body of marts.contact_stage_at(t, known_at, of_contact) in the published file; see pipelines/publish/published_macros.py.
    A condition on what the fold comes to does not reach what it folds: one contact's is restricted here.
-#}
with known as (

    select * from {{ ref('fct_stage_moves') }}
    where
        occurred_at <= t::timestamptz
        and received_at <= known_at::timestamptz
        and (
            of_contact is null
            or subject_id in (
                select moves.subject_id from {{ ref('fct_stage_moves') }} as moves
                where moves.contact_id = of_contact
            )
        )

),

folded as (

    {{ stage_fold('known') }}

),

final as (

    select
        known.tenant_id,
        known.subject,
        known.subject_id,
        known.track,
        known.contact_id,
        known.booking_id,
        known.pipeline,
        known.stage,
        known.stage_position,
        known.occurred_at as entered_at,
        known.cause_type,
        known.cause_event_id
    from known
    inner join folded
        on
            known.tenant_id = folded.tenant_id
            and known.subject = folded.subject
            and known.subject_id = folded.subject_id
            and known.track = folded.track
            and known.move_number = folded.taken[-1]
    where of_contact is null or known.contact_id = of_contact

)

select * from final
