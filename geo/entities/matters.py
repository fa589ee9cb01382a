"""What incidents go through: categories with the level they are admitted to, and stages with their times."""

from __future__ import annotations

from geo.entities.entity import Entity, Lies
from geo.entities.fields import choice, count, flag, moment, reference, text

INCIDENT_CATEGORIES = Entity(
    "incident_categories",
    "事项准入清单",
    "Incident categories",
    "an incident category",
    (
        text("name", "名称", "Name", "事项名称", "类别名称", needed=True),
        text("name_en", "英文名", "Name in English"),
        choice("matter", "事项类型", "Matter", "类型", words="matters"),
        choice("admitted_level", "准入层级", "Admitted level", "办理层级", "准入级别", words="levels", needed=True),
        count("due_hours", "办理时限", "Due within, working hours", "时限", "时限小时", most=1e4),
    ),
    Lies.NOWHERE,
    numbered=("事项编码", "事项编号", "类别编码"),
)

INCIDENT_STAGES = Entity(
    "incident_stages",
    "事件环节",
    "Incident stages",
    "a stage of an incident",
    (
        reference("incident", "事件", "Incident", "事件编号", "工单编号", to="incidents", needed=True),
        choice("stage", "环节", "Stage", "状态", "办理环节", words="stages", needed=True),
        moment("at", "时间", "At", "环节时间", "办理时间", needed=True),
        choice("escalation_level", "呼叫层级", "Escalation level", "上呼层级", "办理层级", words="levels"),
        moment("due_at", "办理期限", "Due at", "截止时间", "应办结时间"),
        flag("is_final", "是否终结", "Final", "终结"),
    ),
    Lies.SUBJECT,
    subjects=("incident",),
)

MATTERS = (INCIDENT_CATEGORIES, INCIDENT_STAGES)
